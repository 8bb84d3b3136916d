package org.gradmimic.select.vote;

import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.jspecify.annotations.Nullable;

/** What all searches that may need a refinement have in common. */
abstract class RefiningSearch implements Binarization {

    private Refinement needs = Refinement.none();
    private @Nullable Decision decision;

    @Override
    public final Refinement needs() {
        return needs;
    }

    @Override
    public final void refine(ValueCounts counts) {
        if (needs.isEmpty()) {
            throw new InvalidStateException("nothing was needed");
        }
        if (!counts.refinement().equals(needs)) {
            throw new InvalidArgumentException("other bins were counted than needed");
        }
        needs = Refinement.none();
        refined(counts);
    }

    @Override
    public final Decision decision() {
        if (decision == null) {
            throw new InvalidStateException("asked for a decision while counts are still needed");
        }
        return decision;
    }

    /** Continues with the counts that were needed; ends by calling {@link #need} or {@link #decide}. */
    abstract void refined(ValueCounts counts);

    final void need(int... bins) {
        needs = Refinement.of(bins);
    }

    final void decide(Decision made) {
        decision = made;
    }
}
