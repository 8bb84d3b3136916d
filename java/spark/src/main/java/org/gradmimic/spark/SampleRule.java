package org.gradmimic.spark;

import java.io.Serializable;
import java.util.List;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.select.labelmodel.LabelModel;
import org.gradmimic.select.labelmodel.VotePatterns;
import org.gradmimic.select.vote.Cut;
import org.jspecify.annotations.Nullable;

/**
 * The decisions made from the statistics, applied to the samples of a block.
 *
 * @param cuts [E]
 * @param model the label model that weights the votes; null if the majority decides
 */
record SampleRule(List<Cut> cuts, @Nullable LabelModel model) implements Serializable {

    /**
     * @param values [E,S]
     * @param i the position of the sample in the block
     * @return whether it is kept
     */
    boolean keeps(float[][] values, int i) {
        if (model != null) {
            return model.keeps(pattern(cuts, values, i));
        }
        int majority = 0;
        for (int epoch = 0; epoch < values.length; epoch++) {
            float value = values[epoch][i];
            if (!Float.isNaN(value)) {
                majority += cuts.get(epoch).keeps(value) ? 1 : -1;
            }
        }
        return majority > 0;
    }

    /**
     * The probability that a sample is worth keeping.
     *
     * @throws InvalidStateException if there is no label model
     */
    double probability(float[][] values, int i) {
        if (model == null) {
            throw new InvalidStateException("only a label model has probabilities");
        }
        return model.probability(pattern(cuts, values, i));
    }

    /** {@return the votes on a sample, as in {@link VotePatterns}} */
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
}
