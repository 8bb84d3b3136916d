package org.gradmimic.select.score;

import java.nio.LongBuffer;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.Blocks;
import org.gradmimic.io.npy.NpyLabels;

/** {@link Classes} from a {@code .npy} file. */
final class NpyClasses implements Classes {

    /** Far above any data set. The statistics of that many classes would not fit in memory. */
    private static final int MAX_CLASSES = 1_000_000;

    private final NpyLabels file;
    private final long samples;
    private int count;

    private NpyClasses(NpyLabels file) {
        this.file = file;
        samples = file.samples();
    }

    static NpyClasses open(Path path) {
        NpyLabels file = NpyLabels.open(path);
        try {
            NpyClasses classes = new NpyClasses(file);
            classes.findCount();
            return classes;
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private void findCount() {
        LongBuffer block = LongBuffer.allocate(Blocks.BLOCK);
        for (long from = 0; from < samples; from += Blocks.BLOCK) {
            file.read(from, Math.min(samples, from + Blocks.BLOCK), block.clear());
            block.flip();
            for (long i = from; block.hasRemaining(); i++) {
                long label = block.get();
                if (label < 0 || label >= MAX_CLASSES) {
                    throw InputException.in(
                            file.path(),
                            "sample " + i + " has the label " + label + ", expected 0 to " + (MAX_CLASSES - 1));
                }
                count = Math.max(count, (int) label + 1);
            }
        }
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public long samples() {
        return samples;
    }

    @Override
    public synchronized void read(long from, int n, int[] target) {
        LongBuffer block = LongBuffer.allocate(n);
        file.read(from, from + n, block);
        for (int i = 0; i < n; i++) {
            target[i] = (int) block.get(i);
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
