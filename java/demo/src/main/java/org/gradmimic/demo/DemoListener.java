package org.gradmimic.demo;

/** Watches a demo; every call comes from the thread that runs it. */
public interface DemoListener {
    /** A stage begins; {@code total} of its {@linkplain DemoStage#unit units} are to be done. */
    default void started(DemoStage stage, long total) {}

    /** {@code done} of {@code total} units are done. */
    default void progressed(DemoStage stage, long done, long total) {}

    /** A stage is over. */
    default void finished(DemoStage stage, double seconds) {}

    /** Asked often; true ends the demo before its next step. */
    default boolean stopRequested() {
        return false;
    }
}
