package org.gradmimic.trainer;

import org.gradmimic.ScoreTable;

/** Observes a training. Every call comes from the training thread. */
public interface TrainListener extends ScoreTable.Sink {
    /** Receives nothing and never stops a training. */
    TrainListener NONE = new TrainListener() {};

    /** Called for every step's samples, in blocks: at the latest at the end of an epoch or at a checkpoint. */
    @Override
    default void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {}

    /** Called after every step; {@code steps} of {@code totalSteps} are done, counted over the whole run. */
    default void stepped(long steps, long totalSteps) {}

    /** Called after every epoch, once all its scores have been passed on and its files are written. */
    default void epochFinished(EpochReport report) {}

    /** Called before every step, and during evaluation; true ends the training after a checkpoint. */
    default boolean stopRequested() {
        return false;
    }
}
