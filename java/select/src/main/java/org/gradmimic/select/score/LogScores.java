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
 * A column of a score log as [E,N], in a temporary file that is mapped into memory: a log's rows come in any order, and a
 * sample's last row of an epoch counts. Takes 4 · E · N bytes of disk and none of the heap; the file has no name any more
 * once it is open, so that nothing is left behind whatever happens.
 */
public final class LogScores implements Scores {

    /** Values mapped at once: 1 GB of them. */
    private static final int SEGMENT = 1 << 28;

    private static final int ZEROS = 1 << 20;

    private final int epochs;
    private final long samples;
    /** [e · N + i] in segments: a value's bits ⊕ those of NaN, so that what was never written, 0, is NaN. */
    private final IntBuffer[] segments;

    private LogScores(int epochs, long samples, IntBuffer[] segments) {
        this.epochs = epochs;
        this.samples = samples;
        this.segments = segments;
    }

    /**
     * Reads a log once.
     *
     * @param samples N, the data set's size; at least {@link ScoreLog#samples()}
     * @param threads that decode Parquet; the result is the same for any number
     * @param progress is told of rows that were read
     * @throws InputException if a part is corrupt, there are more samples in the log than that, or the folder of temporary
     *     files has no room
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
                fill(channel, bytes); // to a mapped page without room on the disk the JVM could answer with a crash
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
