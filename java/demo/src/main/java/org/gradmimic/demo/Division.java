package org.gradmimic.demo;

import java.util.Arrays;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;

/**
 * The roles of the samples: ids of the training split that are clean, that get corrupted labels or, if the data set has
 * no test split, that are used for testing. Each list is sorted, and the seed determines it.
 */
final class Division {
    /** The share of the training images used for testing if there is no test split. */
    private static final double HELD_OUT = 0.2;

    final long[] clean;
    final long[] noisy;

    /** Ids in the split {@link #testSplit}. */
    final long[] test;

    final Split testSplit;

    private Division(long[] clean, long[] noisy, long[] test, Split testSplit) {
        this.clean = clean;
        this.noisy = noisy;
        this.test = test;
        this.testSplit = testSplit;
    }

    static Division of(ImageDataset dataset, double cleanShare, long seed) {
        Split testSplit = Stream.of(Split.TEST, Split.VALIDATION)
                .filter(dataset.splits()::contains)
                .findFirst()
                .orElse(Split.TRAIN);
        boolean hasTest = testSplit != Split.TRAIN;
        int samples = dataset.size(Split.TRAIN);
        int held = hasTest ? 0 : (int) (HELD_OUT * samples);
        int clean = (int) (cleanShare * (samples - held));
        int noisy = samples - held - clean;
        if (clean < 2 || noisy < 1 || (!hasTest && held < 1)) {
            throw new InputException("data set '" + dataset.spec() + "': " + samples
                    + " training images are too few for the demo, which takes a share of " + cleanShare
                    + " of them as clean");
        }
        long[] ids = new SplitMix(seed).permutation(samples);
        long[] test = new long[hasTest ? dataset.size(testSplit) : 0];
        Arrays.setAll(test, i -> i);
        return new Division(
                part(ids, 0, clean),
                part(ids, clean, clean + noisy),
                hasTest ? test : part(ids, clean + noisy, samples),
                testSplit);
    }

    private static long[] part(long[] ids, int from, int to) {
        long[] part = Arrays.copyOfRange(ids, from, to);
        Arrays.sort(part);
        return part;
    }

    /** The labels of some samples. */
    static long[] pick(long[] labels, long[] ids) {
        return Arrays.stream(ids).map(id -> labels[(int) id]).toArray();
    }
}
