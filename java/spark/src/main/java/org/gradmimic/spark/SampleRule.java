package org.gradmimic.spark;

import java.io.Serializable;
import java.util.List;
import org.gradmimic.select.Cut;
import org.gradmimic.select.LabelModel;
import org.gradmimic.select.VotePatterns;

/** What was decided from the statistics, applied to the samples of a block. */
sealed interface SampleRule extends Serializable {

    /**
     * @param values [E,S]
     * @param i the sample's place in the block
     * @return whether it is kept
     */
    boolean keeps(float[][] values, int i);

    /** {@return how likely the sample is worth keeping; the share of votes for it where there is no label model} */
    double probability(float[][] values, int i);

    /** {@return the votes on a sample, as {@link VotePatterns} has them} */
    static long pattern(List<Cut> cuts, float[][] values, int i) {
        long pattern = 0;
        for (int epoch = 0; epoch < values.length; epoch++) {
            float value = values[epoch][i];
            if (!Float.isNaN(value)) {
                int vote = cuts.get(epoch).keeps(value) ? VotePatterns.KEEP : VotePatterns.DISCARD;
                pattern = VotePatterns.with(pattern, epoch, vote);
            }
        }
        return pattern;
    }

    /**
     * More epochs would keep a sample than discard it.
     *
     * @param cuts [E]
     */
    record Majority(List<Cut> cuts) implements SampleRule {
        @Override
        public boolean keeps(float[][] values, int i) {
            int balance = 0;
            for (int epoch = 0; epoch < values.length; epoch++) {
                float value = values[epoch][i];
                if (!Float.isNaN(value)) {
                    balance += cuts.get(epoch).keeps(value) ? 1 : -1;
                }
            }
            return balance > 0;
        }

        @Override
        public double probability(float[][] values, int i) {
            throw new UnsupportedOperationException();
        }
    }

    /** The mean over the epochs is kept. */
    record Mean(Cut cut) implements SampleRule {
        @Override
        public boolean keeps(float[][] values, int i) {
            float mean = of(values, i);
            return !Float.isNaN(mean) && cut.keeps(mean);
        }

        @Override
        public double probability(float[][] values, int i) {
            throw new UnsupportedOperationException();
        }

        /** {@return the mean of a sample's values, summed in the epochs' order; NaN if it was never seen} */
        static float of(float[][] values, int i) {
            double sum = 0;
            int seen = 0;
            for (float[] epoch : values) {
                if (!Float.isNaN(epoch[i])) {
                    sum += epoch[i];
                    seen++;
                }
            }
            return (float) (sum / seen); // 0/0 is NaN
        }
    }

    /**
     * The label model says that a sample is worth keeping.
     *
     * @param cuts [E]
     */
    record Labelled(List<Cut> cuts, LabelModel model) implements SampleRule {
        @Override
        public boolean keeps(float[][] values, int i) {
            return model.keeps(pattern(cuts, values, i));
        }

        @Override
        public double probability(float[][] values, int i) {
            return model.probability(pattern(cuts, values, i));
        }
    }
}
