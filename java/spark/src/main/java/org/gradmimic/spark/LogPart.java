package org.gradmimic.spark;

import java.io.Serializable;
import java.util.List;

/**
 * One Parquet file of a score log with checked columns; {@link LogPartReader} reads it.
 *
 * @param path the file, as named by Hadoop
 * @param groupRows number of rows in each row group, in the order of the file
 * @param lastEpoch its highest epoch, −1 if it has no rows
 * @param lastSample its highest sample id, −1 if it has no rows
 */
record LogPart(String path, List<Long> groupRows, int lastEpoch, long lastSample) implements Serializable {

    long rows() {
        return groupRows.stream().mapToLong(Long::longValue).sum();
    }
}
