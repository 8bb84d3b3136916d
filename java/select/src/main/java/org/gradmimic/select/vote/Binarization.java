package org.gradmimic.select.vote;

import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;

/** A {@link Binarizer} in progress on one set of values. Not thread-safe. */
public interface Binarization {

    /** {@return what another pass over the values must count; empty once {@link #decision} can be called} */
    Refinement needs();

    /**
     * Accepts the counts that {@link #needs} asked for.
     *
     * @param counts of all values, in the bins needed
     * @throws InvalidArgumentException if other bins were counted
     * @throws InvalidStateException if nothing was needed
     */
    void refine(ValueCounts counts);

    /**
     * {@return the decision}
     *
     * @throws InvalidStateException if counts are still needed
     */
    Decision decision();
}
