package org.gradmimic.train;

import org.gradmimic.ScoreTable;

/** Observes the training of a probe. Every call comes from the training thread. */
public interface ProbeListener extends ScoreTable.Sink {
    /** Called after every step; {@code steps} of {@code totalSteps} are done. */
    default void stepped(long steps, long totalSteps) {}

    /** Called after an epoch, once all its scores have been passed on. */
    default void epochFinished(EpochMetrics metrics) {}

    /** Called before every step; true ends the training, after the scores so far have been passed on. */
    default boolean stopRequested() {
        return false;
    }
}
