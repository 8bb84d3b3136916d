package org.gradmimic.train;

import org.gradmimic.ScoreTable;

/** Watches a probe; every call comes from the training thread. */
public interface ProbeListener extends ScoreTable.Sink {
    /** After every step; {@code steps} of {@code totalSteps} are done. */
    default void stepped(long steps, long totalSteps) {}

    /** After an epoch, when all its scores were handed over. */
    default void epochFinished(EpochMetrics metrics) {}

    /** Asked before every step; true ends the training, with what was scored handed over. */
    default boolean stopRequested() {
        return false;
    }
}
