package org.gradmimic.spark;

import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.gradmimic.select.InputException;

/** Hadoop's file systems, through which Spark reads and writes. */
final class Hadoop {

    private Hadoop() {}

    /** The session's settings, for tasks that open files. */
    static Broadcast<SerializableConfiguration> broadcast(JavaSparkContext spark) {
        return spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
    }

    /** @throws InputException if the text is no path or URI; names the option */
    static Path path(String text, String option) {
        try {
            return new Path(text);
        } catch (IllegalArgumentException e) {
            throw new InputException("--" + option + " '" + text + "' is no path: " + Failures.reason(e), e);
        }
    }
}
