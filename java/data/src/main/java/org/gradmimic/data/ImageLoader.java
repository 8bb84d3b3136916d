package org.gradmimic.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.Map;
import java.util.Queue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.SplitMix;
import org.jspecify.annotations.Nullable;

/**
 * Images of a split in any order, batch by batch. Threads decode, vary and scale the images of the next batches while the
 * caller uses the current one. What it returns depends on the seed, not on the number of threads or their speed. Not
 * thread-safe.
 */
public final class ImageLoader implements AutoCloseable {
    /** What happens to an image that cannot be decoded. */
    public enum OnDamage {
        /** The batch fails with an error that names the image. */
        FAIL,
        /** The batch is shorter, and {@link ImageLoader#damaged} names the image. */
        SKIP;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    private final String source;
    private final ImageSize size;
    private final int batchSize;
    private final int prefetch;
    private final ImageAugmentation augmentation;
    private final OnDamage onDamage;
    private final long seed;
    private final long[] labels;
    private final SampleAccess access;
    private final ExecutorService threads;
    private final Map<Thread, Painter> painters = new ConcurrentHashMap<>();
    private final SortedMap<Long, String> damaged = Collections.synchronizedSortedMap(new TreeMap<>());
    private final Deque<BatchUnderWay> ahead = new ArrayDeque<>();
    private final Queue<ByteBuffer> free = new ArrayDeque<>();
    private long[] order = new long[0];
    private long epoch;
    private int next;
    private @Nullable BatchUnderWay current;
    private long waited;
    private volatile boolean closed;

    private ImageLoader(Builder builder) {
        source = builder.dataset.spec();
        size = builder.size;
        batchSize = builder.batchSize;
        prefetch = builder.prefetch;
        augmentation = builder.augmentation;
        onDamage = builder.onDamage;
        seed = builder.seed;
        labels = builder.labels != null ? builder.labels.clone() : builder.dataset.labels(builder.split);
        if (labels.length != builder.dataset.size(builder.split)) {
            throw new InvalidArgumentException(
                    labels.length + " labels for " + builder.dataset.size(builder.split) + " samples of " + source);
        }
        int bytes = ImageStream.bufferBytes(size, batchSize);
        try {
            access = SampleAccess.of(builder.dataset, builder.split);
        } catch (IOException e) {
            throw InputException.in(source, "cannot be read: " + e.getMessage(), e);
        }
        // The batches ahead, and the one that the caller uses.
        for (int i = 0; i <= prefetch; i++) free.add(ByteBuffer.allocateDirect(bytes));
        threads = Executors.newFixedThreadPool(builder.workers, task -> {
            Thread thread = new Thread(task, "image-loader");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * A builder of a loader.
     *
     * @param size the size of all images that are returned
     */
    public static Builder builder(ImageDataset dataset, Split split, ImageSize size) {
        return new Builder(dataset, split, size);
    }

    /** Collects the settings of a loader; each has a default. */
    public static final class Builder {
        private final ImageDataset dataset;
        private final Split split;
        private final ImageSize size;
        private int batchSize = 32;
        private int workers = 1;
        private int prefetch = 2;
        private ImageAugmentation augmentation = ImageAugmentation.NONE;
        private OnDamage onDamage = OnDamage.FAIL;
        private long seed;
        private long @Nullable [] labels;

        private Builder(ImageDataset dataset, Split split, ImageSize size) {
            this.dataset = dataset;
            this.split = split;
            this.size = size;
        }

        /** Sets the number of images in a batch; the last batch of an epoch may be shorter. The default is 32. */
        public Builder batchSize(int value) {
            batchSize = value;
            return this;
        }

        /** Sets the number of threads that decode; the default is 1. */
        public Builder workers(int value) {
            workers = value;
            return this;
        }

        /** Sets the number of batches that are prepared ahead; the default is 2. */
        public Builder prefetch(int value) {
            prefetch = value;
            return this;
        }

        /** Sets how images are varied; by default they are not. */
        public Builder augmentation(ImageAugmentation value) {
            augmentation = value;
            return this;
        }

        /** Sets what happens to an image that cannot be decoded; by default its batch fails. */
        public Builder onDamage(OnDamage value) {
            onDamage = value;
            return this;
        }

        /** Sets the seed of the variations; the default is 0. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** Sets labels that are returned instead of those of the data set, one for each sample. */
        public Builder labels(long[] value) {
            labels = value.clone();
            return this;
        }

        /**
         * Opens the loader.
         *
         * @throws InputException if there is no such split, or it cannot be read
         * @throws InvalidArgumentException if a number is not positive, or labels are missing
         */
        public ImageLoader open() {
            if (workers < 1) throw new InvalidArgumentException(workers + " workers; expected 1 or more");
            if (prefetch < 1) throw new InvalidArgumentException(prefetch + " batches ahead; expected 1 or more");
            return new ImageLoader(this);
        }
    }

    /** What one thread decodes with. */
    private record Painter(ImageDecoder decoder, ImageVariation variation) {}

    /**
     * Begins to read. What was read ahead before is dropped.
     *
     * @param ids the samples in the order in which they are wanted
     * @param epoch the variations of a sample differ between epochs
     * @param firstBatch the number of batches that are left out at the beginning, to continue within an epoch
     */
    public void start(long[] ids, long epoch, int firstBatch) {
        requireOpen();
        drop();
        order = ids.clone();
        this.epoch = epoch;
        next = (int) Math.min(order.length, (long) firstBatch * batchSize);
        while (ahead.size() < prefetch && readAhead()) {}
    }

    private boolean readAhead() {
        if (next >= order.length) return false;
        int count = Math.min(batchSize, order.length - next);
        BatchUnderWay batch =
                new BatchUnderWay(free.remove(), size, Arrays.copyOfRange(order, next, next + count), this::paint);
        next += count;
        ahead.add(batch);
        batch.submitTo(threads);
        return true;
    }

    /** Decodes a sample into its place; false if it is damaged and to be skipped. Called by the threads. */
    private boolean paint(long id, Mat target) {
        if (closed) return false;
        Painter painter = painters.computeIfAbsent(
                Thread.currentThread(), thread -> new Painter(access.decoder(), new ImageVariation(augmentation)));
        try {
            painter.variation().apply(access.read((int) id, painter.decoder()), target, SplitMix.of(seed, epoch, id));
            return true;
        } catch (IOException e) {
            throw InputException.in(source, "cannot be read: " + e.getMessage(), e);
        } catch (InputException e) {
            if (onDamage == OnDamage.FAIL) throw e;
            damaged.put(id, e.getMessage());
            return false;
        }
    }

    /**
     * The next batch.
     *
     * @return null at the end of the epoch; the pixels are valid until the next call. With {@link OnDamage#SKIP} a batch
     *     may be shorter than others, or empty
     * @throws InputException if an image is damaged, or the source cannot be read
     */
    public @Nullable ImageBatch next() {
        requireOpen();
        recycle();
        BatchUnderWay batch = ahead.poll();
        if (batch == null) return null;
        current = batch;
        long begin = System.nanoTime();
        batch.await();
        waited += System.nanoTime() - begin;
        readAhead();
        return batch.result(labels);
    }

    private void recycle() {
        if (current != null) free.add(current.buffer());
        current = null;
    }

    private void drop() {
        recycle();
        for (BatchUnderWay batch = ahead.poll(); batch != null; batch = ahead.poll()) {
            batch.awaitQuietly();
            free.add(batch.buffer());
        }
    }

    /** How long {@link #next} has waited for images since the loader was opened, in seconds. */
    public double waited() {
        return waited * 1e-9;
    }

    /** The samples that were skipped so far, by id, and why. */
    public SortedMap<Long, String> damaged() {
        synchronized (damaged) {
            return new TreeMap<>(damaged);
        }
    }

    private void requireOpen() {
        if (closed) throw new InvalidStateException("the image loader of " + source + " is closed");
    }

    /** Ends the threads and releases files. A second call does nothing. */
    @Override
    public void close() {
        if (closed) return;
        drop();
        closed = true;
        threads.shutdown();
        boolean interrupted = false;
        while (true) {
            try {
                if (!threads.awaitTermination(1, TimeUnit.MINUTES)) {
                    throw new InternalException("the threads of the image loader do not end");
                }
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
        painters.values().forEach(painter -> {
            painter.decoder().close();
            painter.variation().close();
        });
        try {
            access.close();
        } catch (IOException e) {
            throw InputException.in(source, "cannot be closed: " + e.getMessage(), e);
        }
    }
}
