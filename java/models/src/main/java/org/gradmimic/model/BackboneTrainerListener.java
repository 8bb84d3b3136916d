package org.gradmimic.model;

/** Watches a backbone's training; every call comes from the training thread. */
public interface BackboneTrainerListener {
    /** After every step; {@code loss} is the mean loss of the batch before it. */
    default void stepped(long steps, long totalSteps, double loss) {}

    /** Asked before every step; true ends the training. */
    default boolean stopRequested() {
        return false;
    }
}
