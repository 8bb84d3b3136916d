package org.gradmimic.data;

import java.math.BigDecimal;
import java.math.RoundingMode;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;

/**
 * Labels, some of them deliberately wrong.
 *
 * @param labels the label of every sample after the change
 * @param noisy which samples were moved to another class
 */
public record LabelNoise(long[] labels, boolean[] noisy) {

    /**
     * Symmetric noise: ⌊share · N⌋ samples, drawn without replacement, are each moved to another class, drawn uniformly
     * from the other classes. The same arguments give the same result everywhere.
     *
     * @param labels the class of every sample, 0 to {@code classes} − 1; not modified
     * @param classes number of classes
     * @param share the share of samples to move, 0 to 1; it is used as the decimal number that it prints as, so that
     *     0.29 of 100 is 29
     * @param seed determines which samples are moved, and where to
     * @throws InputException if the share or a label is out of range, or there is no other class to move to
     */
    public static LabelNoise symmetric(long[] labels, int classes, double share, long seed) {
        return changed(labels, classes, share, seed, (label, random) -> {
            int drawn = random.nextInt(classes - 1);
            return drawn < label ? drawn : drawn + 1;
        });
    }

    /**
     * Pairwise noise: ⌊share · N⌋ samples, drawn as for {@link #symmetric}, are each moved to the next class; those of the
     * last class to the first. Parameters and errors as there.
     */
    public static LabelNoise pairwise(long[] labels, int classes, double share, long seed) {
        return changed(labels, classes, share, seed, (label, random) -> (label + 1) % classes);
    }

    /** Another class in the place of a label. */
    private interface Change {
        long of(long label, SplitMix random);
    }

    private static LabelNoise changed(long[] labels, int classes, double share, long seed, Change change) {
        if (!(share >= 0 && share <= 1)) {
            throw new InputException("label noise of " + share + "; expected a share from 0 to 1");
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new InputException(
                        "the label of sample " + i + " is " + labels[i] + "; expected 0 to " + (classes - 1));
            }
        }
        int count = BigDecimal.valueOf(share)
                .multiply(BigDecimal.valueOf(labels.length))
                .setScale(0, RoundingMode.FLOOR)
                .intValueExact();
        if (count > 0 && classes < 2) {
            throw new InputException("label noise needs at least 2 classes; there is " + classes);
        }
        SplitMix random = new SplitMix(seed);
        long[] changed = labels.clone();
        boolean[] noisy = new boolean[labels.length];
        int[] order = new int[labels.length];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        // The first steps of a Fisher-Yates shuffle.
        for (int i = 0; i < count; i++) {
            int other = i + random.nextInt(order.length - i);
            int sample = order[other];
            order[other] = order[i];
            changed[sample] = change.of(labels[sample], random);
            noisy[sample] = true;
        }
        return new LabelNoise(changed, noisy);
    }
}
