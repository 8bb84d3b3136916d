package org.gradmimic.select.score;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.run.FolderLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes a score log: a folder of Parquet parts. Each part is whole or absent, whatever kills the run. docs/formats.md
 * specifies the format, and {@link ScoreLog} reads it.
 *
 * <p>{@link #append} copies a batch into primitive arrays and returns. A thread of the writer encodes and writes each
 * full part. Append waits only while the previous part is still being written, so at most two parts are in memory (36
 * bytes per row each). Rows of an unfinished part are lost if the process dies. Calling {@link #flush} at the end of an
 * epoch limits that loss.
 *
 * <p>If a part cannot be written, the next call and every later one throw an {@link InputException}. The parts that
 * were finished before stay as they are, and the log can be {@linkplain #resume resumed} once there is room.
 *
 * <p>Not thread-safe: only one thread may append. Close is idempotent.
 */
public final class ScoreLogWriter implements AutoCloseable {

    /** The default number of rows in a part; about 16 MB of Parquet. */
    public static final int DEFAULT_ROWS_PER_PART = 1 << 20;

    private final Path folder;
    private final int rowsPerPart;
    private final FolderLock lock;
    private final ExecutorService encoder;
    private int nextPart;
    private ScoreLogPart part;
    private @Nullable Future<?> pending;
    private @Nullable Throwable failure;
    private boolean failureReported;
    private boolean closed;

    private ScoreLogWriter(Path folder, int rowsPerPart, FolderLock lock, int nextPart) {
        this.folder = folder;
        this.rowsPerPart = rowsPerPart;
        this.lock = lock;
        this.nextPart = nextPart;
        this.part = new ScoreLogPart(rowsPerPart);
        this.encoder = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "score-log-writer");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Starts a log.
     *
     * @param folder created if it is missing; must not contain parts
     * @param rowsPerPart rows in a part, at least 1
     * @return the writer
     * @throws InputException if the folder already contains a log, is being written by another run or is not writable
     */
    public static ScoreLogWriter create(Path folder, int rowsPerPart) {
        return open(folder, rowsPerPart, parts -> {
            if (!parts.isEmpty()) {
                throw new InputException(folder + " already contains a score log of " + parts.size()
                        + " parts; name an empty folder, or ask to resume");
            }
            return parts;
        });
    }

    /**
     * Continues a log. New parts are numbered after the existing ones, and unfinished leftovers are removed. In a
     * folder without a log this starts one.
     *
     * @param folder created if it is missing
     * @param rowsPerPart rows in a part, at least 1; may differ from that of the existing parts
     * @return the writer
     * @throws InputException if the folder is being written by another run or is not writable
     */
    public static ScoreLogWriter resume(Path folder, int rowsPerPart) {
        return open(folder, rowsPerPart, parts -> parts);
    }

    /**
     * Continues a log after its first epochs, for a run that repeats the later ones. Parts of the later epochs are
     * removed first. The log must have been flushed at the end of every epoch, so that no part has rows of two epochs.
     *
     * @param folder created if it is missing
     * @param rowsPerPart rows in a part, at least 1
     * @param epochs how many epochs are kept
     * @return the writer
     * @throws InputException if a part that must be read is damaged, or if the folder is being written by another run
     *     or is not writable
     */
    public static ScoreLogWriter resume(Path folder, int rowsPerPart, int epochs) {
        return open(folder, rowsPerPart, parts -> {
            int kept = parts.size();
            while (kept > 0 && ScoreLogPartReader.open(parts.get(kept - 1)).lastEpoch() >= epochs) {
                Files.delete(parts.get(--kept));
            }
            return parts.subList(0, kept);
        });
    }

    /**
     * Continues a log after its first parts, for a run that repeats what it has logged since; later parts are removed.
     *
     * @param folder created if it is missing
     * @param rowsPerPart rows in a part, at least 1
     * @param kept how many parts are kept, as {@link #parts} returned it
     * @return the writer
     * @throws InputException if the log has fewer parts, or if the folder is being written by another run or is not
     *     writable
     */
    public static ScoreLogWriter resumeAfterParts(Path folder, int rowsPerPart, int kept) {
        return open(folder, rowsPerPart, parts -> {
            if (parts.size() < kept) {
                throw new InputException(folder + " has " + parts.size() + " parts of a score log; the run had written "
                        + kept + " when it was interrupted");
            }
            for (int i = parts.size() - 1; i >= kept; i--) Files.delete(parts.get(i));
            return parts.subList(0, kept);
        });
    }

    /** The number of parts that are finished or under way; after {@link #flush}, all rows are in them. */
    public int parts() {
        return nextPart;
    }

    /** Inspects the existing parts and returns those that stay. */
    @FunctionalInterface
    private interface Keep {
        List<Path> of(List<Path> parts) throws IOException;
    }

    private static ScoreLogWriter open(Path folder, int rowsPerPart, Keep keep) {
        if (rowsPerPart < 1) {
            throw new InvalidArgumentException("rowsPerPart " + rowsPerPart + ": expected at least 1");
        }
        try {
            // Without the lock two writers would overwrite each other's parts.
            FolderLock lock = FolderLock.take(folder);
            try {
                List<Path> parts = keep.of(ScoreLogFolder.parts(folder));
                AtomicFile.removeLeftovers(folder);
                return new ScoreLogWriter(folder, rowsPerPart, lock, ScoreLogFolder.nextNumber(parts));
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw new InputException("cannot write a score log in " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * Adds one batch with one row per sample. The arrays are copied and may be longer than {@code count}.
     *
     * @param epoch from 0
     * @param step from 0, counted over the whole run
     * @param ids [count] the samples' numbers in the data set, 0 or more
     * @param score [count] raw {@code proj} scores; a score that is not finite is stored as NaN
     * @param weight [count] the weights used
     * @param loss [count] the samples' losses before the step
     * @param count the batch's actual size; {@code relative_weight} is the weight × this number
     * @throws InputException if an earlier part could not be written
     * @throws InvalidArgumentException if a number is negative or an array too short
     * @throws InvalidStateException if the writer is closed
     */
    public void append(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {
        checkUsable();
        ScoreLogBatch batch = new ScoreLogBatch(epoch, step, ids, score, weight, loss, count);
        for (int from = 0; from < count; ) {
            from += part.append(batch, from);
            if (part.isFull()) {
                submitPart();
            }
        }
    }

    /**
     * Finishes the current part, however few rows it has, and waits until it is on disk. Without new rows there is no
     * new part.
     *
     * @throws InputException if a part could not be written
     * @throws InvalidStateException if the writer is closed
     */
    public void flush() {
        checkUsable();
        finish();
        reportFailure();
    }

    /**
     * Finishes the log and releases the folder.
     *
     * @throws InputException if a part could not be written and no earlier call reported it
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            finish();
        } finally {
            encoder.shutdown();
            try {
                lock.close();
            } catch (InputException e) {
                fail(e);
            }
        }
        if (!failureReported) {
            reportFailure();
        }
    }

    private void finish() {
        if (!part.isEmpty()) {
            submitPart();
        }
        awaitPending();
    }

    /** Passes the collected rows to the encoder once it is free. After a failure they are dropped. */
    private void submitPart() {
        awaitPending();
        ScoreLogPart full = part;
        part = new ScoreLogPart(rowsPerPart);
        if (failure != null) {
            return;
        }
        if (nextPart == ScoreLogFolder.MAX_PARTS) {
            fail(new InputException(
                    "the score log in " + folder + " has " + nextPart + " parts, the largest possible number"));
            return;
        }
        Path file = ScoreLogFolder.part(folder, nextPart++);
        pending = encoder.submit(() -> full.write(file));
    }

    private void awaitPending() {
        boolean interrupted = false;
        try {
            while (pending != null) {
                try {
                    pending.get();
                    pending = null;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    pending = null;
                    fail(Objects.requireNonNull(e.getCause()));
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void fail(Throwable e) {
        if (failure == null) {
            failure = e;
        }
    }

    private void checkUsable() {
        if (closed) {
            throw new InvalidStateException("the writer of the score log in " + folder + " is closed");
        }
        if (pending != null && pending.isDone()) {
            awaitPending();
        }
        reportFailure();
    }

    /**
     * Throws a new exception every time, because in try-with-resources an object cannot be its own suppressed
     * exception.
     */
    private void reportFailure() {
        if (failure == null) {
            return;
        }
        failureReported = true;
        if (failure instanceof InputException) {
            throw new InputException(failure.getMessage() + " (the score log's parts before it are whole)", failure);
        }
        throw new InternalException("a part of the score log in " + folder + " could not be written", failure);
    }
}
