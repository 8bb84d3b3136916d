package org.gradmimic.audit;

/** Observes an audit. Every call comes from the thread that runs it. */
public interface AuditListener {
    /** A stage starts; it consists of {@code total} {@linkplain AuditStage#unit units}. */
    default void started(AuditStage stage, long total) {}

    /** {@code done} of {@code total} units are finished. */
    default void progressed(AuditStage stage, long done, long total) {}

    /** A stage is finished. */
    default void finished(AuditStage stage, double seconds) {}

    /** A remark that the user should read, as soon as it is known. */
    default void remark(String text) {}

    /** Called often; true ends the audit before its next step. */
    default boolean stopRequested() {
        return false;
    }
}
