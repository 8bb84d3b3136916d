package org.gradmimic.select;

import java.util.OptionalDouble;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.gradmimic.select.vote.Binarizer;

/**
 * How scores become a filter: the rule that splits an epoch, the aggregation of the epochs' votes, and the class
 * balance of the label model. One machine ({@link Selector}) and a Spark cluster make the same filter from the same
 * specification. Immutable.
 *
 * <pre>{@code
 * FilterSpec spec = FilterSpec.of(Binarizer.mixture(), VoteAggregation.LABEL_MODEL).classBalance(0.8);
 * }</pre>
 *
 * <p>{@link FilterSettings} creates one from settings, such as the options of a command line.
 */
public final class FilterSpec {
    private final Binarizer binarizer;
    private final VoteAggregation aggregation;
    private final OptionalDouble classBalance;

    private FilterSpec(Binarizer binarizer, VoteAggregation aggregation, OptionalDouble classBalance) {
        this.binarizer = binarizer;
        this.aggregation = aggregation;
        this.classBalance = classBalance;
    }

    /**
     * A specification in which a label model estimates the class balance.
     *
     * @param binarizer splits the values of an epoch, or the means over the epochs
     * @param aggregation makes one filter from all epochs
     */
    public static FilterSpec of(Binarizer binarizer, VoteAggregation aggregation) {
        return new FilterSpec(binarizer, aggregation, OptionalDouble.empty());
    }

    /**
     * The same specification with a given class balance, which the label model then does not estimate.
     *
     * @param share the share of samples worth keeping, between 0 and 1
     * @throws SettingException if the share is not in that range, or the aggregation is not the label model
     */
    public FilterSpec classBalance(double share) {
        SettingText name = SettingText.named(FilterSettings.CLASS_BALANCE.name());
        if (aggregation != VoteAggregation.LABEL_MODEL) {
            throw new SettingException(name.text(" belongs to ")
                    .setting(FilterSettings.AGGREGATION.name())
                    .text(" " + VoteAggregation.LABEL_MODEL));
        }
        if (!(share > 0 && share < 1)) {
            throw new SettingException(name.text(" is " + share + "; it must be between 0 and 1"));
        }
        return new FilterSpec(binarizer, aggregation, OptionalDouble.of(share));
    }

    /** The rule that splits the values of an epoch, or the means. */
    public Binarizer binarizer() {
        return binarizer;
    }

    /** How one filter is made from all epochs. */
    public VoteAggregation aggregation() {
        return aggregation;
    }

    /** The share of samples worth keeping; empty if the label model estimates it, or if there is no label model. */
    public OptionalDouble classBalance() {
        return classBalance;
    }

    /** @throws InputException if there is no label model, so that samples have no probabilities */
    public void requireProbabilities() {
        if (aggregation != VoteAggregation.LABEL_MODEL) {
            throw new InputException("probabilities come from the label model; " + aggregation + " has none");
        }
    }
}
