package org.gradmimic.spark;

import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.gradmimic.base.InputException;
import org.gradmimic.select.score.ScoreColumn;

/** Reads one Parquet file of a score log and checks its columns. */
final class LogPartReader implements AutoCloseable {

    private final ParquetGroups file;

    private LogPartReader(ParquetGroups file) {
        this.file = file;
    }

    /** Receives the cells of a part. */
    @FunctionalInterface
    interface CellVisitor {
        /**
         * Receives one row.
         *
         * @param row its position in the row groups that are read, from 0
         * @param value NaN where the file has NULL
         */
        void cell(long row, long sampleId, int epoch, float value);
    }

    /**
     * Opens a file and checks its columns.
     *
     * @throws InputException if it cannot be read or is not part of a score log; names the file
     */
    static LogPartReader open(String path, Configuration hadoop) {
        ParquetGroups file = ParquetGroups.open(path, hadoop);
        try {
            LogSchema.check(path, file.schema());
            return new LogPartReader(file);
        } catch (InputException e) {
            file.close();
            throw e;
        }
    }

    /**
     * The number of rows and the highest sample id and epoch: from the statistics of the row groups, or from the
     * columns where a writer left the statistics out.
     *
     * @throws InputException if the file is damaged, or an id or epoch is NULL or negative
     */
    LogPart summary() {
        LogRange samples = LogRange.none();
        LogRange epochs = LogRange.none();
        List<BlockMetaData> groups = file.groups();
        for (int i = 0; i < groups.size(); i++) {
            LogRange groupSamples = LogRange.of(groups.get(i), LogSchema.SAMPLE_ID);
            LogRange groupEpochs = LogRange.of(groups.get(i), LogSchema.EPOCH);
            if (groupSamples == null || groupEpochs == null) {
                include(i, samples, epochs);
            } else {
                samples.include(groupSamples);
                epochs.include(groupEpochs);
            }
        }
        samples.require(file.path(), LogSchema.SAMPLE_ID, Long.MAX_VALUE);
        epochs.require(file.path(), LogSchema.EPOCH, Integer.MAX_VALUE);
        return new LogPart(file.path(), file.groupRows(), (int) epochs.highest(), samples.highest());
    }

    private void include(int group, LogRange samples, LogRange epochs) {
        file.read(group, List.of(LogSchema.SAMPLE_ID, LogSchema.EPOCH), (rows, columns) -> {
            for (long row = 0; row < rows; row++) {
                samples.include(required(columns[0], LogSchema.SAMPLE_ID).getLong());
                epochs.include(required(columns[1], LogSchema.EPOCH).getInteger());
                columns[0].consume();
                columns[1].consume();
            }
        });
    }

    /**
     * Passes the cells of consecutive row groups to the visitor, in the order of the file.
     *
     * @param from the first group
     * @param to the group after the last
     * @param column which values
     * @throws InputException if the file is damaged, or an id or epoch is NULL
     */
    void scan(int from, int to, ScoreColumn column, CellVisitor visitor) {
        List<String> names = List.of(LogSchema.SAMPLE_ID, LogSchema.EPOCH, column.columnName());
        long[] first = {0};
        for (int group = from; group < to; group++) {
            file.read(group, names, (rows, columns) -> {
                ColumnReader ids = columns[0];
                ColumnReader epochs = columns[1];
                ColumnReader values = columns[2];
                for (long row = 0; row < rows; row++) {
                    long id = required(ids, LogSchema.SAMPLE_ID).getLong();
                    int epoch = required(epochs, LogSchema.EPOCH).getInteger();
                    float value = ParquetGroups.isNull(values) ? Float.NaN : values.getFloat();
                    visitor.cell(first[0] + row, id, epoch, value);
                    ids.consume();
                    epochs.consume();
                    values.consume();
                }
                first[0] += rows;
            });
        }
    }

    private ColumnReader required(ColumnReader reader, String column) {
        if (ParquetGroups.isNull(reader)) {
            throw LogRange.nulls(file.path(), column);
        }
        return reader;
    }

    @Override
    public void close() {
        file.close();
    }
}
