package org.gradmimic.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.OperationInterruptedException;
import org.jspecify.annotations.Nullable;

/** Threads that traverse samples in blocks. */
public final class Blocks implements AutoCloseable {

    public static final int BLOCK = 1 << 16;

    /** The work of a thread on a block; {@code state} belongs to that thread. */
    public interface Body<S> {
        /** Works on {@code count} samples from number {@code from} on. */
        void accept(S state, long from, int count);
    }

    private final int threads;
    private final ExecutorService pool;

    public Blocks(int threads) {
        this.threads = threads;
        pool = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, "gradmimic-select");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Traverses all samples once.
     *
     * @param state creates the state of a thread
     * @return the states of all threads, in no particular order
     * @throws RuntimeException the exception that {@code body} threw in the first failing block
     */
    public <S> List<S> run(long samples, Supplier<S> state, Body<S> body) {
        Pass pass = new Pass(samples);
        List<Future<S>> running = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            running.add(pool.submit(() -> {
                S own = state.get();
                for (long from = pass.next(); from >= 0; from = pass.next()) {
                    try {
                        body.accept(own, from, (int) Math.min(BLOCK, samples - from));
                    } catch (RuntimeException | Error e) {
                        pass.fail(from, e);
                    }
                }
                return own;
            }));
        }
        List<S> states = new ArrayList<>();
        try {
            for (Future<S> future : running) {
                states.add(future.get());
            }
        } catch (InterruptedException e) {
            pass.fail(-1, new OperationInterruptedException("interrupted", e));
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            pass.fail(-1, Objects.requireNonNull(e.getCause()));
        }
        pass.rethrow();
        return states;
    }

    /**
     * Calls {@code action} with 0 to {@code n} − 1, in no particular order.
     *
     * @throws RuntimeException the exception that it threw
     */
    public void forEach(int n, IntConsumer action) {
        run((long) n * BLOCK, () -> action, (each, from, count) -> each.accept((int) (from / BLOCK)));
    }

    @Override
    public void close() {
        pool.shutdownNow();
    }

    /**
     * Distributes blocks in order until one fails, and keeps the failure of the first one. It is the same for any
     * number of threads.
     */
    private static final class Pass {
        private final long samples;
        private long next;
        private long failedAt = Long.MAX_VALUE;
        private @Nullable Throwable failure;

        Pass(long samples) {
            this.samples = samples;
        }

        synchronized long next() {
            if (failure != null || next >= samples) {
                return -1;
            }
            long from = next;
            next += BLOCK;
            return from;
        }

        synchronized void fail(long at, Throwable cause) {
            if (at < failedAt) {
                failedAt = at;
                failure = cause;
            }
        }

        synchronized void rethrow() {
            if (failure instanceof RuntimeException e) {
                throw e;
            }
            if (failure instanceof Error e) {
                throw e;
            }
            if (failure != null) {
                throw new InternalException(failure.toString(), failure);
            }
        }
    }
}
