package org.gradmimic.select.filter;

import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.InputException;

/** The kinds of filter files. */
enum FilterFormat {
    NPY(".npy"),
    PARQUET(".parquet"),
    TEXT(".txt");

    private final String ending;

    FilterFormat(String ending) {
        this.ending = ending;
    }

    /**
     * The format of a filter that is there: a folder is one of Parquet files, whatever its name.
     *
     * @throws InputException if it is no folder and the name ends in none of them
     */
    static FilterFormat ofInput(Path file) {
        return Files.isDirectory(file) ? PARQUET : of(file);
    }

    /**
     * The format of a filter to be written.
     *
     * @throws InputException if the name ends in none of them
     */
    static FilterFormat of(Path file) {
        for (FilterFormat format : values()) {
            if (file.toString().endsWith(format.ending)) {
                return format;
            }
        }
        throw InputException.in(file, "expected a filter's name to end in .npy, .parquet or .txt");
    }
}
