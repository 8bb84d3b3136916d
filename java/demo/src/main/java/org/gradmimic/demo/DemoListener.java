package org.gradmimic.demo;

/** Observes a demo. Every call comes from the thread that runs it. */
public interface DemoListener {
    /** A stage starts; it consists of {@code total} {@linkplain DemoStage#unit units}. */
    default void started(DemoStage stage, long total) {}

    /** {@code done} of {@code total} units are finished. */
    default void progressed(DemoStage stage, long done, long total) {}

    /** A stage is finished. */
    default void finished(DemoStage stage, double seconds) {}

    /** Called often; true ends the demo before its next step. */
    default boolean stopRequested() {
        return false;
    }
}
