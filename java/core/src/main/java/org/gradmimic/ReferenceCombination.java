package org.gradmimic;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.kernel.internal.abi.gradmimic;

/**
 * Which score determines the weight of a sample that has one score per reference.
 *
 * @param rule how the scores are combined
 * @param reference the reference whose score is used, for {@link Rule#ONE}
 */
public record ReferenceCombination(Rule rule, int reference) {
    public ReferenceCombination {
        if (reference < 0) throw new InvalidArgumentException("reference " + reference + " is to weigh the samples");
    }

    /** The rules. */
    public enum Rule {
        ONE,
        MEAN,
        MIN;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /** The score toward reference k alone. */
    public static ReferenceCombination one(int k) {
        return new ReferenceCombination(Rule.ONE, k);
    }

    /** The mean over the references. */
    public static ReferenceCombination mean() {
        return new ReferenceCombination(Rule.MEAN, 0);
    }

    /** The minimum over the references. */
    public static ReferenceCombination min() {
        return new ReferenceCombination(Rule.MIN, 0);
    }

    /**
     * Checks that the references include the one whose score is used.
     *
     * @throws InvalidArgumentException that states how many there are
     */
    public void check(int references) {
        if (reference >= references) {
            throw new InvalidArgumentException("reference " + reference + " of " + references
                    + " cannot determine the weights; references are numbered from 0");
        }
    }

    /**
     * Checks that a weighting can be computed from the combined score. Weightings that divide by gradient norms compare
     * with one V.
     *
     * @throws InvalidArgumentException that names both
     */
    public void check(Weighting weighting) {
        boolean one = switch (weighting.kind()) {
            case COS, NORMED_COS, OPT -> true;
            default -> false;
        };
        if (one && rule != Rule.ONE) {
            throw new InvalidArgumentException(
                    "weighting " + weighting.kind() + " needs one reference, not the " + rule + " of several");
        }
    }

    /** The value of {@code combine} for the kernels. */
    int code() {
        return switch (rule) {
            case ONE -> reference;
            case MEAN -> gradmimic.GM_COMBINE_MEAN;
            case MIN -> gradmimic.GM_COMBINE_MIN;
        };
    }

    /** One score for each of B samples from [K,B], on any device; NaN if one of the combined scores is NaN. */
    public Tensor of(Tensor scores) {
        return switch (rule) {
            case ONE -> scores.select(0, reference);
            case MEAN -> scores.mean(0);
            case MIN -> scores.amin(new long[] {0}, false);
        };
    }
}
