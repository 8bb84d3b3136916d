package org.gradmimic.select.filter;

import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;

/** The file formats of filters. */
enum FilterFormat {
    NPY(".npy"),
    PARQUET(".parquet"),
    TEXT(".txt");

    private final String ending;

    FilterFormat(String ending) {
        this.ending = ending;
    }

    /**
     * The format of an existing filter. A folder is Parquet, whatever its name, and an array in a {@code .npz} is NumPy's.
     *
     * @throws InputException if the file is not a folder and its name has none of the extensions
     */
    static FilterFormat ofInput(Path file) {
        if (Files.isDirectory(file)) return PARQUET;
        return InputFiles.isArchive(InputFiles.onDisk(file)) ? NPY : of(file);
    }

    /**
     * The format of a filter to be written.
     *
     * @throws InputException if the name has none of the extensions
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
