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
 * Decodes the next batch of a stream in a thread of its own while the caller works on the present one. Two buffers take
 * turns, so memory stays constant. Owns the stream.
 */
final class ReadAhead implements AutoCloseable {
    private final ImageStream stream;
    private final ByteBuffer[] buffers;
    private final ExecutorService decoder;
    private int turn;
    private Future<@Nullable ImageBatch> pending;

    /** @param batchBytes what a full batch takes */
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
     * The next batch, its pixels valid until the next call; null at the end. Throws what the stream throws, and
     * {@link InterruptedException}'s flag is kept for the caller.
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

    /** A batch is decoded in a moment: an interruption waits for it, and its flag is kept. */
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
            // Told by next(), or of no interest any more.
        } finally {
            stream.close();
        }
    }
}
