package org.gradmimic.spark;

import org.apache.parquet.column.statistics.IntStatistics;
import org.apache.parquet.column.statistics.LongStatistics;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/** The lowest and the highest value of an integer column. */
final class LogRange {

    private long lowest = Long.MAX_VALUE;
    private long highest = -1;
    private boolean nulls;

    private LogRange() {}

    static LogRange none() {
        return new LogRange();
    }

    /** The range of a column according to the statistics of a row group; null if they do not contain it. */
    static @Nullable LogRange of(BlockMetaData group, String column) {
        LogRange range = new LogRange();
        if (group.getRowCount() == 0) {
            return range;
        }
        for (ColumnChunkMetaData chunk : group.getColumns()) {
            if (chunk.getPath().toDotString().equals(column)) {
                Statistics<?> statistics = chunk.getStatistics();
                if (statistics == null || !statistics.isNumNullsSet() || !statistics.hasNonNullValue()) {
                    return null;
                }
                range.nulls = statistics.getNumNulls() > 0;
                if (statistics instanceof LongStatistics longs) {
                    range.include(longs.getMin());
                    range.include(longs.getMax());
                    return range;
                }
                if (statistics instanceof IntStatistics ints) {
                    range.include(ints.getMin());
                    range.include(ints.getMax());
                    return range;
                }
            }
        }
        return null;
    }

    void include(long value) {
        lowest = Math.min(lowest, value);
        highest = Math.max(highest, value);
    }

    void include(LogRange other) {
        lowest = Math.min(lowest, other.lowest);
        highest = Math.max(highest, other.highest);
        nulls |= other.nulls;
    }

    /** {@return the highest value, −1 if there was none} */
    long highest() {
        return highest;
    }

    /**
     * The highest value + 1 is a count and must not overflow.
     *
     * @throws InputException if there were NULLs or values are not in 0 to {@code limit} - 1
     */
    void require(String path, String column, long limit) {
        if (nulls) {
            throw nulls(path, column);
        }
        if (lowest < 0 || highest >= limit) {
            throw InputException.in(
                    path,
                    column + " runs from " + lowest + " to " + highest + ", expected 0 or more and less than " + limit);
        }
    }

    static InputException nulls(String path, String column) {
        return InputException.in(path, column + " is NULL in some rows");
    }
}
