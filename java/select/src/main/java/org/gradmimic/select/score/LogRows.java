package org.gradmimic.select.score;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Consumer;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.base.OperationInterruptedException;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a score log in order. Several threads decode ahead of the consumer: each thread reads one part, and the
 * rows are delivered part by part.
 */
final class LogRows {

    /** The number of decoded rows that may wait, for each part in progress. */
    private static final int BLOCK_ROWS = 1 << 16;

    private static final int WAITING_BLOCKS = 8;

    private LogRows() {}

    /** Rows; the i-th row consists of the i-th elements, for i below {@code count}. */
    record Block(int[] epoch, long[] sample, float[] value, int count) {}

    /** A block, or the end of a part with its failure, if any. */
    private record Message(@Nullable Block block, @Nullable Throwable failure) {}

    /** A part that is being read. */
    private static final class Stream {
        private final BlockingQueue<Message> queue = new ArrayBlockingQueue<>(WAITING_BLOCKS);
        private final Thread thread;
        private int[] epoch = new int[BLOCK_ROWS];
        private long[] sample = new long[BLOCK_ROWS];
        private float[] value = new float[BLOCK_ROWS];
        private int count;

        Stream(ScoreLogPartReader part, ScoreColumn column) {
            List<String> columns = List.of(column.columnName());
            thread = new Thread(() -> run(part, columns), "gradmimic-log");
            thread.setDaemon(true);
            thread.start();
        }

        private void run(ScoreLogPartReader part, List<String> columns) {
            Throwable failure = null;
            try {
                part.scan(columns, this::add);
            } catch (RuntimeException | Error e) {
                failure = e;
            }
            try {
                flush();
                queue.put(new Message(null, failure));
            } catch (InterruptedException e) {
                // The consumer has gone.
            }
        }

        private void add(DuckDBDataChunkReader chunk) {
            DuckDBReadableVector samples = chunk.vector(0);
            DuckDBReadableVector epochs = chunk.vector(1);
            DuckDBReadableVector values = chunk.vector(2);
            int rows = (int) chunk.rowCount();
            for (int i = 0; i < rows; i++) {
                sample[count] = samples.getLong(i);
                epoch[count] = epochs.getInt(i);
                value[count++] = values.getFloat(i, Float.NaN);
                if (count == BLOCK_ROWS) {
                    try {
                        flush();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new OperationInterruptedException("the consumer of the rows has gone", e);
                    }
                }
            }
        }

        private void flush() throws InterruptedException {
            queue.put(new Message(new Block(epoch, sample, value, count), null));
            epoch = new int[BLOCK_ROWS];
            sample = new long[BLOCK_ROWS];
            value = new float[BLOCK_ROWS];
            count = 0;
        }
    }

    /**
     * Passes all rows to the consumer in the order in which they were written.
     *
     * @throws InputException if a part is corrupt; the rows before it have been delivered
     */
    static void forEachBlock(ScoreLog log, ScoreColumn column, int threads, Consumer<Block> consumer) {
        Deque<ScoreLogPartReader> waiting = new ArrayDeque<>(log.readers());
        Deque<Stream> running = new ArrayDeque<>();
        try {
            while (!waiting.isEmpty() || !running.isEmpty()) {
                while (running.size() < threads && !waiting.isEmpty()) {
                    running.add(new Stream(waiting.remove(), column));
                }
                take(running.element(), consumer);
                running.remove();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationInterruptedException("interrupted", e);
        } finally {
            List<Stream> left = new ArrayList<>(running);
            left.forEach(stream -> stream.thread.interrupt());
        }
    }

    private static void take(Stream part, Consumer<Block> consumer) throws InterruptedException {
        for (Message message = part.queue.take(); ; message = part.queue.take()) {
            if (message.block != null) {
                consumer.accept(message.block);
            } else if (message.failure instanceof RuntimeException e) {
                throw e;
            } else if (message.failure instanceof Error e) {
                throw e;
            } else {
                return;
            }
        }
    }
}
