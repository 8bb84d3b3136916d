package org.gradmimic.model;

import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.gradmimic.base.InternalException;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageStream;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the next batch of a stream in a background thread while the caller uses the current one. Two buffers
 * alternate, so memory use is constant. Owns the stream.
 */
final class ReadAhead implements AutoCloseable {
    private final ImageStream stream;
    private final ByteBuffer[] buffers;
    private final ExecutorService decoder;
    private int turn;
    private Future<@Nullable ImageBatch> pending;

    /** @param batchBytes the size of a full batch */
    ReadAhead(ImageStream stream, int batchBytes) {
        this.stream = stream;
        buffers = new ByteBuffer[] {ByteBuffer.allocateDirect(batchBytes), ByteBuffer.allocateDirect(batchBytes)};
        decoder = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "image-decoder");
            thread.setDaemon(true);
            return thread;
        });
        pending = decoder.submit(this::read);
    }

    /**
     * The next batch, whose pixels are valid until the next call; null at the end. Rethrows the exceptions of the
     * stream. If the thread was interrupted, its interrupt flag stays set.
     */
    @Nullable
    ImageBatch next() {
        ImageBatch batch = await();
        if (batch != null) pending = decoder.submit(this::read);
        return batch;
    }

    private @Nullable ImageBatch read() {
        ImageBatch batch = stream.next();
        if (batch == null) return null;
        ByteBuffer own = buffers[turn];
        turn = 1 - turn;
        own.clear().put(batch.pixels()).flip();
        return new ImageBatch(own, batch.labels(), batch.ids());
    }

    /** A batch is decoded quickly: an interruption waits until it is done, and the flag stays set. */
    private @Nullable ImageBatch await() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return pending.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof RuntimeException failure) throw failure;
                    if (e.getCause() instanceof Error failure) throw failure;
                    throw new InternalException(String.valueOf(e.getCause()), e.getCause());
                }
            }
        } finally {
            if (interrupted) Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        decoder.shutdown();
        try {
            await();
        } catch (RuntimeException e) {
            // next() has reported the failure already, or it no longer matters.
        } finally {
            stream.close();
        }
    }
}
