package org.gradmimic.data;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.stream.IntStream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;
import org.jspecify.annotations.Nullable;

/**
 * Labels, some of them deliberately wrong.
 *
 * @param labels the label of every sample after the change
 * @param noisy which samples were moved to another class
 */
public record LabelNoise(long[] labels, boolean[] noisy) {

    /** Where labels are moved to. */
    public enum Kind {
        /** Another class, drawn uniformly. */
        SYMMETRIC,
        /** The next class: c becomes c + 1, and the last class becomes the first. */
        PAIRWISE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** As {@link Builder}, with symmetric noise: {@code builder(labels, classes).share(share).seed(seed).build()}. */
    public static LabelNoise symmetric(long[] labels, int classes, double share, long seed) {
        return builder(labels, classes).share(share).seed(seed).build();
    }

    /**
     * A builder of noise.
     *
     * @param labels the class of every sample, 0 to {@code classes} − 1; not modified
     * @param classes number of classes
     */
    public static Builder builder(long[] labels, int classes) {
        return new Builder(labels, classes);
    }

    /**
     * Collects what determines the noise: ⌊share · n⌋ of the n eligible samples, drawn without replacement, are moved to
     * another class. The same settings give the same result everywhere.
     */
    public static final class Builder {
        private final long[] labels;
        private final int classes;
        private Kind kind = Kind.SYMMETRIC;
        private double share;
        private long seed;
        private boolean @Nullable [] eligible;

        private Builder(long[] labels, int classes) {
            this.labels = labels;
            this.classes = classes;
        }

        /** Sets where labels are moved to; the default is symmetric. */
        public Builder kind(Kind kind) {
            this.kind = kind;
            return this;
        }

        /**
         * Sets the share of samples to move, 0 to 1; the default is 0. It is used as the decimal number that it prints
         * as, so that 0.29 of 100 is 29.
         */
        public Builder share(double share) {
            this.share = share;
            return this;
        }

        /** Sets the seed, which determines which samples are moved, and where to; the default is 0. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /** Sets which samples may be moved, [N]; the default is all. */
        public Builder eligible(boolean[] eligible) {
            this.eligible = eligible;
            return this;
        }

        /**
         * Makes the noise.
         *
         * @throws InputException if the share or a label is out of range, or there is no other class to move to
         */
        public LabelNoise build() {
            if (!(share >= 0 && share <= 1)) {
                throw new InputException("label noise of " + share + "; expected a share from 0 to 1");
            }
            for (int i = 0; i < labels.length; i++) {
                if (labels[i] < 0 || labels[i] >= classes) {
                    throw new InputException(
                            "the label of sample " + i + " is " + labels[i] + "; expected 0 to " + (classes - 1));
                }
            }
            boolean[] may = eligible;
            int[] order = IntStream.range(0, labels.length)
                    .filter(i -> may == null || may[i])
                    .toArray();
            int count = BigDecimal.valueOf(share)
                    .multiply(BigDecimal.valueOf(order.length))
                    .setScale(0, RoundingMode.FLOOR)
                    .intValueExact();
            if (count > 0 && classes < 2) {
                throw new InputException("label noise needs at least 2 classes; there is " + classes);
            }
            return moved(order, count);
        }

        private LabelNoise moved(int[] order, int count) {
            SplitMix random = new SplitMix(seed);
            long[] changed = labels.clone();
            boolean[] noisy = new boolean[labels.length];
            // The first steps of a Fisher-Yates shuffle.
            for (int i = 0; i < count; i++) {
                int other = i + random.nextInt(order.length - i);
                int sample = order[other];
                order[other] = order[i];
                changed[sample] = target(labels[sample], random);
                noisy[sample] = true;
            }
            return new LabelNoise(changed, noisy);
        }

        private long target(long label, SplitMix random) {
            if (kind == Kind.PAIRWISE) return (label + 1) % classes;
            int drawn = random.nextInt(classes - 1);
            return drawn < label ? drawn : drawn + 1;
        }
    }
}
