package org.gradmimic.demo;

import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.gradmimic.train.ProbeListener;

/** Passes on the progress of a head. The recorder stores its scores. */
record HeadWatcher(LongConsumer progress, BooleanSupplier stop) implements ProbeListener {
    @Override
    public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {}

    @Override
    public void stepped(long steps, long totalSteps) {
        progress.accept(steps);
    }

    @Override
    public boolean stopRequested() {
        return stop.getAsBoolean();
    }
}
