package org.gradmimic.io;

import java.util.Iterator;
import java.util.Map;
import org.duckdb.DuckDBDataChunkWriter;
import org.duckdb.DuckDBTableFunction;
import org.duckdb.DuckDBTableFunctionBindInfo;
import org.duckdb.DuckDBTableFunctionCallInfo;
import org.duckdb.DuckDBTableFunctionInitInfo;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of columns as a DuckDB table function, read once from front to back. The copy takes its rows directly from the
 * arrays. Inserting them into a table first would take twice as long as the copy itself and hold all rows in memory.
 */
final class BlockScan implements DuckDBTableFunction<Object, Object, Object> {

    private static final Object NO_STATE = new Object();

    private final ParquetColumns first;
    private final Iterator<ParquetColumns> rest;
    private ParquetColumns block;
    private int row;
    private @Nullable Throwable failure;

    BlockScan(ParquetColumns first, Iterator<ParquetColumns> rest) {
        this.first = first;
        this.rest = rest;
        this.block = first;
    }

    @Override
    public Object bind(DuckDBTableFunctionBindInfo info) {
        first.columns().forEach((name, column) -> info.addResultColumn(name, column.type()));
        return NO_STATE;
    }

    @Override
    public Object init(DuckDBTableFunctionInitInfo info) {
        info.setMaxThreads(1);
        return NO_STATE;
    }

    @Override
    public long apply(DuckDBTableFunctionCallInfo info, DuckDBDataChunkWriter output) {
        try {
            while (row == block.rows() && rest.hasNext()) {
                block = checked(rest.next());
                row = 0;
            }
            int count = (int) Math.min(output.capacity(), block.rows() - row);
            int index = 0;
            for (ParquetColumns.Column column : block.columns().values()) {
                column.filler().fill(output.vector(index++), row, count);
            }
            row += count;
            return count;
        } catch (RuntimeException | Error e) {
            failure = e; // DuckDB passes on only the text
            throw e;
        }
    }

    /** Throws the exception of the block source, if it is the reason why the copy failed. */
    void rethrowFailure() {
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }

    private ParquetColumns checked(ParquetColumns next) {
        if (!signature(next).equals(signature(first))) {
            throw new InvalidArgumentException(
                    "block with columns " + signature(next) + ", the first one has " + signature(first));
        }
        return next;
    }

    private static String signature(ParquetColumns block) {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, ParquetColumns.Column> entry : block.columns().entrySet()) {
            text.append(text.isEmpty() ? "" : ", ").append(entry.getKey()).append(' ');
            text.append(entry.getValue().type());
        }
        return text.toString();
    }
}
