package org.gradmimic.spark;

import java.io.IOException;
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
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.gradmimic.base.InputException;

/**
 * One Parquet file on any file system, read by row groups. It uses Parquet's own reader instead of a DataFrame, so that
 * the position of a row in its file is known, an error names the file, and no value is boxed.
 */
final class ParquetGroups implements AutoCloseable {

    private final String path;
    private final ParquetFileReader reader;
    private final MessageType schema;

    private ParquetGroups(String path, ParquetFileReader reader) {
        this.path = path;
        this.reader = reader;
        schema = reader.getFileMetaData().getSchema();
    }

    /** @throws InputException if the footer cannot be read; names the file */
    static ParquetGroups open(String path, Configuration hadoop) {
        try {
            return new ParquetGroups(
                    path,
                    ParquetFileReader.open(
                            HadoopInputFile.fromPath(new Path(path), hadoop),
                            HadoopReadOptions.builder(hadoop).build()));
        } catch (IOException | RuntimeException e) {
            throw unreadable(path, e);
        } catch (StackOverflowError e) {
            throw damaged(path);
        }
    }

    String path() {
        return path;
    }

    MessageType schema() {
        return schema;
    }

    List<BlockMetaData> groups() {
        return reader.getRowGroups();
    }

    /** {@return the number of rows in each row group} */
    List<Long> groupRows() {
        return groups().stream().map(BlockMetaData::getRowCount).toList();
    }

    /** Receives a row group. */
    @FunctionalInterface
    interface Visitor {
        /** @param columns in the order in which they were requested, each at its first row */
        void visit(long rows, ColumnReader[] columns);
    }

    /**
     * Passes some columns of a row group to the visitor.
     *
     * @param names of primitive columns that are not nested
     * @throws InputException if the file is damaged; names it
     */
    void read(int group, List<String> names, Visitor visitor) {
        MessageType projection = new MessageType(
                schema.getName(), names.stream().map(schema::getType).toList());
        reader.setRequestedSchema(projection);
        try (PageReadStore pages = reader.readRowGroup(group)) {
            ColumnReadStore store = new ColumnReadStoreImpl(
                    pages,
                    new DummyRecordConverter(projection).getRootConverter(),
                    projection,
                    reader.getFileMetaData().getCreatedBy());
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

    /** {@return whether a column has no value in its current row} */
    static boolean isNull(ColumnReader column) {
        return column.getCurrentDefinitionLevel() < column.getDescriptor().getMaxDefinitionLevel();
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /**
     * On damaged bytes that describe deeply nested structures, Parquet's parser overflows the stack. The
     * StackOverflowError is not passed on as the cause, because Spark ends an executor for it.
     */
    private static InputException damaged(String path) {
        return unreadable(path, new IOException("its structure is damaged"));
    }

    private static InputException unreadable(String path, Exception e) {
        return new InputException(
                path + " is truncated, corrupt, no Parquet file or cannot be read: " + Failures.reason(e), e);
    }
}
