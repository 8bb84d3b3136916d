package org.gradmimic.spark;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.gradmimic.base.InputException;

/**
 * Where a filter goes, and as what.
 *
 * @param path its final name
 * @param format what the name ends in
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
     * Looks whether a filter could be written under a name, before it is made.
     *
     * @throws InputException if it ends in something else, its folder is missing, or it cannot be replaced
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
