package org.gradmimic.io;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Counts the files of a folder or archive that are not read because of their names, so that a user can be told. */
public final class PassedOver {
    private long count;
    private @Nullable String example;

    /** Nothing yet. */
    public PassedOver() {}

    /** Counts a file. */
    public void add(String name) {
        count++;
        if (example == null) example = name;
    }

    /** Counts a file of a folder. */
    public void add(Path file) {
        add(file.getFileName().toString());
    }

    /** {@return how many were passed over} */
    public long count() {
        return count;
    }

    /**
     * {@return what to tell the user, such as "2 files are not .parquet and were passed over, such as a.csv"; empty if there
     * are none}
     *
     * @param what the file was not, such as "not .parquet"
     */
    public String note(String what) {
        if (count == 0) return "";
        return count + (count == 1 ? " file is " : " files are ") + what + (count == 1 ? " and was" : " and were")
                + " passed over, such as " + example;
    }
}
