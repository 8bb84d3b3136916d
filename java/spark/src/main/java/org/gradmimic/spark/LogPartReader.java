package org.gradmimic.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.column.ColumnReadStore;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.DummyRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.FileMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.gradmimic.select.InputException;
import org.gradmimic.select.ScoreColumn;

/**
 * Reads one Parquet file of a score log with Parquet's own reader instead of a DataFrame: a row's place in its file is
 * known, which decides between repeats of a sample; an error names the file; and no value is boxed.
 */
final class LogPartReader implements AutoCloseable {

    private final String path;
    private final ParquetFileReader reader;
    private final MessageType schema;

    private LogPartReader(String path, ParquetFileReader reader, MessageType schema) {
        this.path = path;
        this.reader = reader;
        this.schema = schema;
    }

    /** What is told the cells of a row group. */
    @FunctionalInterface
    interface CellVisitor {
        /**
         * One row.
         *
         * @param row its place in the row groups that are read, from 0
         * @param value NaN where the file has NULL
         */
        void cell(long row, long sampleId, int epoch, float value);
    }

    /**
     * Opens a file and checks its columns.
     *
     * @throws InputException if it cannot be read or is no part of a score log; names the file
     */
    static LogPartReader open(String path, Configuration hadoop) {
        ParquetFileReader reader;
        try {
            reader = ParquetFileReader.open(
                    HadoopInputFile.fromPath(new Path(path), hadoop),
                    HadoopReadOptions.builder(hadoop).build());
        } catch (IOException | RuntimeException e) {
            throw unreadable(path, e);
        } catch (StackOverflowError e) {
            throw damaged(path);
        }
        try {
            MessageType schema = reader.getFileMetaData().getSchema();
            LogSchema.check(path, schema);
            return new LogPartReader(path, reader, schema);
        } catch (RuntimeException e) {
            closeQuietly(reader, e);
            throw e;
        }
    }

    /**
     * How many rows there are and how far sample ids and epochs go: what the row groups' statistics say, and where a
     * writer left these out, what the columns hold.
     *
     * @throws InputException if the file is damaged, or an id or epoch is NULL or negative
     */
    LogPart summary() {
        List<Long> rows = new ArrayList<>();
        LogRange samples = LogRange.none();
        LogRange epochs = LogRange.none();
        for (BlockMetaData group : reader.getRowGroups()) {
            LogRange groupSamples = LogRange.of(group, LogSchema.SAMPLE_ID);
            LogRange groupEpochs = LogRange.of(group, LogSchema.EPOCH);
            if (groupSamples == null || groupEpochs == null) {
                groupSamples = LogRange.none();
                groupEpochs = LogRange.none();
                range(rows.size(), groupSamples, groupEpochs);
            }
            samples.include(groupSamples);
            epochs.include(groupEpochs);
            rows.add(group.getRowCount());
        }
        samples.require(path, LogSchema.SAMPLE_ID, Long.MAX_VALUE);
        epochs.require(path, LogSchema.EPOCH, Integer.MAX_VALUE);
        return new LogPart(path, rows, (int) epochs.highest(), samples.highest());
    }

    private void range(int group, LogRange samples, LogRange epochs) {
        read(group, List.of(LogSchema.SAMPLE_ID, LogSchema.EPOCH), (rows, columns) -> {
            for (long row = 0; row < rows; row++) {
                samples.include(required(columns[0], LogSchema.SAMPLE_ID).getLong());
                epochs.include(required(columns[1], LogSchema.EPOCH).getInteger());
                columns[0].consume();
                columns[1].consume();
            }
        });
    }

    /**
     * Shows the cells of consecutive row groups in the order of the file.
     *
     * @param from the first group
     * @param to the one after the last
     * @param column which values
     * @throws InputException if the file is damaged, or an id or epoch is NULL
     */
    void scan(int from, int to, ScoreColumn column, CellVisitor visitor) {
        List<String> names = List.of(LogSchema.SAMPLE_ID, LogSchema.EPOCH, column.columnName());
        long[] first = {0};
        for (int group = from; group < to; group++) {
            read(group, names, (rows, columns) -> {
                ColumnReader ids = columns[0];
                ColumnReader epochs = columns[1];
                ColumnReader values = columns[2];
                for (long row = 0; row < rows; row++) {
                    long id = required(ids, LogSchema.SAMPLE_ID).getLong();
                    int epoch = required(epochs, LogSchema.EPOCH).getInteger();
                    float value = isNull(values) ? Float.NaN : values.getFloat();
                    visitor.cell(first[0] + row, id, epoch, value);
                    ids.consume();
                    epochs.consume();
                    values.consume();
                }
                first[0] += rows;
            });
        }
    }

    @FunctionalInterface
    private interface ColumnsVisitor {
        void visit(long rows, ColumnReader[] columns);
    }

    private void read(int group, List<String> names, ColumnsVisitor visitor) {
        MessageType projection = new MessageType(
                schema.getName(), names.stream().map(schema::getType).toList());
        reader.setRequestedSchema(projection);
        FileMetaData metadata = reader.getFileMetaData();
        try (PageReadStore pages = reader.readRowGroup(group)) {
            ColumnReadStore store = new ColumnReadStoreImpl(
                    pages,
                    new DummyRecordConverter(projection).getRootConverter(),
                    projection,
                    metadata.getCreatedBy());
            ColumnReader[] columns =
                    projection.getColumns().stream().map(store::getColumnReader).toArray(ColumnReader[]::new);
            visitor.visit(pages.getRowCount(), columns);
        } catch (InputException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw unreadable(path, e);
        } catch (StackOverflowError e) {
            throw damaged(path);
        }
    }

    private ColumnReader required(ColumnReader reader, String column) {
        if (isNull(reader)) {
            throw LogRange.nulls(path, column);
        }
        return reader;
    }

    private static boolean isNull(ColumnReader reader) {
        return reader.getCurrentDefinitionLevel() < reader.getDescriptor().getMaxDefinitionLevel();
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private static void closeQuietly(ParquetFileReader reader, Throwable failure) {
        try {
            reader.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /**
     * Parquet's parser descends into what damaged bytes tell of nested structures, until the stack is full. Without that
     * error as a cause: Spark ends an executor for it.
     */
    private static InputException damaged(String path) {
        return unreadable(path, new IOException("its structure is damaged"));
    }

    private static InputException unreadable(String path, Exception e) {
        return new InputException(
                path + " is truncated, corrupt, no Parquet file or cannot be read: " + Failures.reason(e), e);
    }
}
