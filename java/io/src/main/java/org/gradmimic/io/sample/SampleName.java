package org.gradmimic.io.sample;

import org.jspecify.annotations.Nullable;

/**
 * The name of a sample.
 *
 * @param id the sample's number, from 0: its row in features and labels, its {@code sample_id} in a score log
 * @param path of its file, relative to the root of the data set, with {@code /} between folders; or its key in a shard
 * @param label the number of its class; −1 if it has none
 * @param className the name of its class; null if it has none
 * @param split the split that it comes from, such as "train"; null if it is not known
 */
public record SampleName(
        long id,
        String path,
        int label,
        @Nullable String className,
        @Nullable String split) {
    /** The value of {@link #label} of a sample without a class. */
    public static final int NO_LABEL = -1;
}
