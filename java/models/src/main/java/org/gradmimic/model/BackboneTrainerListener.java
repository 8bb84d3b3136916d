package org.gradmimic.model;

/** Observes the training of a backbone. Every call comes from the training thread. */
public interface BackboneTrainerListener {
    /** Called after every step; {@code loss} is the mean loss of the batch before the step. */
    default void stepped(long steps, long totalSteps, double loss) {}

    /** Called before every step; true ends the training. */
    default boolean stopRequested() {
        return false;
    }
}
