package org.gradmimic.select.score;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * A column of a score log as [E,N], in a temporary file that is mapped into memory. This is needed because the rows of
 * a log come in any order; the last row of a sample in an epoch counts. It takes 4 · E · N bytes of disk and no heap.
 * The file loses its name as soon as it is open, so nothing is left behind whatever happens.
 */
public final class LogScores implements Scores {

    /** The number of values mapped at once: 1 GB of them. */
    private static final int SEGMENT = 1 << 28;

    private static final int ZEROS = 1 << 20;

    private final int epochs;
    private final long samples;
    /**
     * [e · N + i] in segments. An element holds the bits of a value ⊕ the bits of NaN, so an element that was never
     * written (0) is NaN.
     */
    private final IntBuffer[] segments;

    private LogScores(int epochs, long samples, IntBuffer[] segments) {
        this.epochs = epochs;
        this.samples = samples;
        this.segments = segments;
    }

    /**
     * Reads a log once.
     *
     * @param samples N, the size of the data set; at least {@link ScoreLog#samples()}
     * @param threads the number of threads that decode Parquet; it does not change the result
     * @param progress receives the number of rows read since the last call
     * @throws InputException if a part is corrupt, the log has more samples than that, or the folder for temporary
     *     files is full
     */
    public static LogScores read(ScoreLog log, ScoreColumn column, long samples, int threads, LongConsumer progress) {
        log.requireWithin(samples);
        LogScores scores = new LogScores(log.epochs(), samples, scratch(log.epochs(), samples));
        LogRows.forEachBlock(log, column, threads, block -> {
            scores.put(block);
            progress.accept(block.count());
        });
        return scores;
    }

    private void put(LogRows.Block block) {
        for (int i = 0; i < block.count(); i++) {
            long at = block.epoch()[i] * samples + block.sample()[i];
            segments[(int) (at / SEGMENT)].put((int) (at % SEGMENT), encode(block.value()[i]));
        }
    }

    @Override
    public int epochs() {
        return epochs;
    }

    @Override
    public long samples() {
        return samples;
    }

    @Override
    public void read(int epoch, long from, int count, float[] target) {
        int[] bits = new int[count];
        long at = epoch * samples + from;
        for (int done = 0; done < count; ) {
            int offset = (int) ((at + done) % SEGMENT);
            int n = Math.min(count - done, SEGMENT - offset);
            segments[(int) ((at + done) / SEGMENT)].get(offset, bits, done, n);
            done += n;
        }
        for (int i = 0; i < count; i++) {
            target[i] = decode(bits[i]);
        }
    }

    private static final int NAN = Float.floatToIntBits(Float.NaN);

    private static int encode(float value) {
        return Float.floatToIntBits(value) ^ NAN;
    }

    private static float decode(int bits) {
        return Float.intBitsToFloat(bits ^ NAN);
    }

    private static IntBuffer[] scratch(int epochs, long samples) {
        Path folder = Path.of(System.getProperty("java.io.tmpdir"));
        try {
            long values = Math.multiplyExact(samples, (long) epochs);
            long bytes = Math.multiplyExact(values, (long) Integer.BYTES);
            if (bytes > Files.getFileStore(folder).getUsableSpace()) {
                throw noRoom(folder, epochs, samples, null);
            }
            Path file = Files.createTempFile(folder, "gradmimic-scores", ".tmp");
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
                fill(channel, bytes); // writing to a mapped page without space on the disk could crash the JVM
                IntBuffer[] segments = new IntBuffer[(int) ((values + SEGMENT - 1) / SEGMENT)];
                for (int i = 0; i < segments.length; i++) {
                    long from = (long) i * SEGMENT * Integer.BYTES;
                    segments[i] = channel.map(
                                    FileChannel.MapMode.READ_WRITE,
                                    from,
                                    Math.min(bytes - from, (long) SEGMENT * Integer.BYTES))
                            .order(ByteOrder.nativeOrder())
                            .asIntBuffer();
                }
                return segments;
            }
        } catch (ArithmeticException | IOException e) {
            throw noRoom(folder, epochs, samples, e);
        }
    }

    private static void fill(FileChannel channel, long bytes) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS);
        for (long at = 0; at < bytes; ) {
            zeros.clear().limit((int) Math.min(ZEROS, bytes - at));
            at += channel.write(zeros, at);
        }
    }

    private static InputException noRoom(Path folder, int epochs, long samples, @Nullable Exception cause) {
        return new InputException(
                "the scores of " + epochs + " epochs × " + samples + " samples take 4 bytes each in the folder of"
                        + " temporary files, " + folder + ", which has no room for them"
                        + (cause == null ? "" : ": " + cause.getMessage())
                        + " (GRADMIMIC_JAVA_OPTS=-Djava.io.tmpdir=... names another)",
                cause);
    }
}
