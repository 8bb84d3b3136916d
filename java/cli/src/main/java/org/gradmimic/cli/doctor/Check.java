package org.gradmimic.cli.doctor;

/** Looks at one thing. */
@FunctionalInterface
interface Check {
    /** May throw anything that a missing or broken library throws; {@link #run} turns it into a finding. */
    Finding look() throws Exception;

    /** The check's finding, or a problem that explains why it could not be made. */
    static Finding run(String item, Check check) {
        try {
            return check.look();
        } catch (Exception | LinkageError e) {
            return LoadFailure.explain(item, e);
        }
    }
}
