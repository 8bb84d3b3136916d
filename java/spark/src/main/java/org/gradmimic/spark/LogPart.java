package org.gradmimic.spark;

import java.io.Serializable;
import java.util.List;

/**
 * One Parquet file of a score log, its columns checked; read by {@link LogPartReader}.
 *
 * @param path the file, as Hadoop names it
 * @param groupRows how many rows each row group has, in the file's order
 * @param lastEpoch its highest epoch, -1 without rows
 * @param lastSample its highest sample id, -1 without rows
 */
record LogPart(String path, List<Long> groupRows, int lastEpoch, long lastSample) implements Serializable {

    long rows() {
        return groupRows.stream().mapToLong(Long::longValue).sum();
    }
}
