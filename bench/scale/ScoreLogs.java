import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyStream;
import org.gradmimic.io.npy.NpyType;

/**
 * Writes a large score log for bench/scale/filter.sh: every epoch in a mixed-up order of its own, 60 % of the samples
 * clean, parts of 1,048,576 rows as training writes them.
 */
public final class ScoreLogs {
    private static final int ROWS = 1 << 20;

    private ScoreLogs() {}

    /** @param arguments the log's folder, samples, epochs, threads, the folder for the uids */
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectories(Path.of(arguments[0]));
        long samples = Long.parseLong(arguments[1]);
        int epochs = Integer.parseInt(arguments[2]);
        int partsPerEpoch = (int) ((samples + ROWS - 1) / ROWS);
        ExecutorService pool = Executors.newFixedThreadPool(Integer.parseInt(arguments[3]));
        try {
            List<Callable<Void>> parts = IntStream.range(0, epochs * partsPerEpoch)
                    .mapToObj(part -> (Callable<Void>) () -> write(folder, samples, part, partsPerEpoch))
                    .toList();
            for (Future<Void> part : pool.invokeAll(parts)) part.get();
            uids(Path.of(arguments[4]).resolve("uids-" + samples + ".npy"), samples);
        } finally {
            pool.shutdown();
        }
    }

    private static Void write(Path folder, long samples, int part, int partsPerEpoch) throws IOException {
        int epoch = part / partsPerEpoch;
        long from = (long) (part % partsPerEpoch) * ROWS;
        int rows = (int) Math.min(ROWS, samples - from);
        long stride = coprime(samples, 0x9e3779b97f4a7c15L * (epoch + 1) >>> 1);
        long[] ids = new long[rows];
        int[] epochs = new int[rows];
        long[] steps = new long[rows];
        float[] score = new float[rows];
        float[] weight = new float[rows];
        float[] relative = new float[rows];
        float[] loss = new float[rows];
        for (int i = 0; i < rows; i++) {
            long row = from + i;
            ids[i] = row * stride % samples; // both are below 2³¹
            epochs[i] = epoch;
            steps[i] = (epoch * samples + row) / 1024;
            boolean clean = (mix(ids[i]) >>> 40) < 0.6 * (1 << 24);
            double normal = normal(mix(ids[i] * 64 + epoch + 1));
            score[i] = (float) (clean ? 0.3 + 0.2 * normal : -0.2 + 0.2 * normal);
            relative[i] = (float) Math.exp(2 * score[i]);
            weight[i] = relative[i] / 1024;
            loss[i] = (float) (clean ? 0.5 : 3) + (mix(ids[i] + epoch) >>> 40) * 0x1p-24f;
        }
        new ParquetColumns()
                .longs("sample_id", ids)
                .ints("epoch", epochs)
                .longs("step", steps)
                .floats("score", score)
                .floats("weight", weight)
                .floats("relative_weight", relative)
                .floats("loss", loss)
                .write(folder.resolve(String.format(Locale.ROOT, "part-%06d.parquet", part)));
        return null;
    }

    private static void uids(Path file, long samples) {
        try (NpyStream out = NpyStream.create(file, NpyType.UINT64_PAIR, samples)) {
            for (long i = 0; i < samples; i++) out.next().putLong(mix(2 * i)).putLong(mix(2 * i + 1));
            out.commit();
        }
    }

    /** A number below n without a common divisor, so that its multiples modulo n are all numbers below n. */
    private static long coprime(long n, long start) {
        for (long candidate = Math.max(1, start % n); ; candidate = candidate % n + 1) {
            long a = n;
            long b = candidate;
            while (b != 0) {
                long rest = a % b;
                a = b;
                b = rest;
            }
            if (a == 1) return candidate;
        }
    }

    private static long mix(long x) {
        long z = x + 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    /** Box and Muller. */
    private static double normal(long bits) {
        double u = ((bits >>> 32) + 0.5) * 0x1p-32;
        double v = (bits & 0xffff_ffffL) * 0x1p-32;
        return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
    }
}
