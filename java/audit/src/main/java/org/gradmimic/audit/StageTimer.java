package org.gradmimic.audit;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CancellationException;

/** Reports stages to the listener, and records their durations. */
final class StageTimer {
    private final AuditListener listener;
    private final Map<AuditStage, Double> seconds = new EnumMap<>(AuditStage.class);

    StageTimer(AuditListener listener) {
        this.listener = listener;
    }

    /** One stage, from here until it is closed. */
    final class Running implements AutoCloseable {
        private final AuditStage stage;
        private final long total;
        private final long begin = System.nanoTime();

        private Running(AuditStage stage, long total) {
            this.stage = stage;
            this.total = total;
            listener.started(stage, total);
        }

        void progressed(long done) {
            listener.progressed(stage, done, total);
        }

        @Override
        public void close() {
            double taken = (System.nanoTime() - begin) * 1e-9;
            seconds.put(stage, taken);
            listener.finished(stage, taken);
        }
    }

    Running start(AuditStage stage, long total) {
        return new Running(stage, total);
    }

    Map<AuditStage, Double> seconds() {
        return seconds;
    }

    boolean stopRequested() {
        return listener.stopRequested();
    }

    /** Ends the audit if {@code whole} is false, because the listener asked to stop. */
    static void requireWhole(boolean whole) {
        if (!whole) throw new CancellationException("the listener asked to stop");
    }
}
