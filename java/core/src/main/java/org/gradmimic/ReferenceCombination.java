package org.gradmimic;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.kernel.internal.abi.gradmimic;

/**
 * Which score weighs a sample that has one for each of several references.
 *
 * @param rule how
 * @param reference the one that counts, for {@link Rule#ONE}
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

    /** The least over the references. */
    public static ReferenceCombination min() {
        return new ReferenceCombination(Rule.MIN, 0);
    }

    /**
     * Insists that there is a reference to weigh by.
     *
     * @throws InvalidArgumentException that says how many there are
     */
    public void check(int references) {
        if (reference >= references) {
            throw new InvalidArgumentException(
                    "reference " + reference + " of " + references + " is to weigh the samples; they count from 0");
        }
    }

    /**
     * Insists that a weighting can be made from it: those that divide by gradient norms compare with one V.
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

    /** {@code combine} of the kernels. */
    int code() {
        return switch (rule) {
            case ONE -> reference;
            case MEAN -> gradmimic.GM_COMBINE_MEAN;
            case MIN -> gradmimic.GM_COMBINE_MIN;
        };
    }

    /** One score for each of B samples from [K,B], wherever they are; NaN if one of those it is made of is. */
    public Tensor of(Tensor scores) {
        return switch (rule) {
            case ONE -> scores.select(0, reference);
            case MEAN -> scores.mean(0);
            case MIN -> scores.amin(new long[] {0}, false);
        };
    }
}
