package org.gradmimic.cli.doctor;

/** Checks one thing. */
@FunctionalInterface
interface Check {
    /**
     * Runs the check. It may throw anything that a missing or broken library throws; {@link #run} turns it into a
     * finding.
     */
    Finding look() throws Exception;

    /** The finding of a check, or a problem that explains why the check failed. */
    static Finding run(String item, Check check) {
        try {
            return check.look();
        } catch (Exception | LinkageError e) {
            return LoadFailure.explain(item, e);
        }
    }
}
