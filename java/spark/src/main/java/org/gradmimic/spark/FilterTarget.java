package org.gradmimic.spark;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.gradmimic.base.InputException;

/**
 * The file of a filter to be written.
 *
 * @param path its final name
 * @param format the format that the name selects
 */
record FilterTarget(Path path, Format format) {

    enum Format {
        NPY(".npy"),
        TEXT(".txt"),
        PARQUET(".parquet");

        private final String ending;

        Format(String ending) {
            this.ending = ending;
        }
    }

    /**
     * Checks that a filter can be written under a name, before it is computed.
     *
     * @throws InputException if the name has another extension, its folder is missing, or it cannot be replaced
     */
    static FilterTarget of(String name, Configuration hadoop) {
        Path path = Hadoop.path(name, "out");
        for (Format format : Format.values()) {
            if (name.endsWith(format.ending)) {
                Hadoop.requireWritable(path, format == Format.PARQUET, hadoop);
                return new FilterTarget(path, format);
            }
        }
        throw new InputException(name + ": expected a filter's name to end in .npy, .parquet or .txt");
    }
}
