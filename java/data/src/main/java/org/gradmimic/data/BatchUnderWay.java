package org.gradmimic.data;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InternalException;

/** A batch whose images several threads decode into one buffer. */
final class BatchUnderWay {
    /** Images that a thread takes at a time: few enough that all threads end together. */
    private static final int CHUNK = 8;

    /** Decodes one image; false if it is left out. */
    interface Paint {
        boolean paint(long id, Mat target);
    }

    private final ByteBuffer buffer;
    private final ImageSize size;
    private final long[] ids;
    private final boolean[] present;
    private final Paint paint;
    private final List<Future<?>> parts = new ArrayList<>();

    BatchUnderWay(ByteBuffer buffer, ImageSize size, long[] ids, Paint paint) {
        this.buffer = buffer;
        this.size = size;
        this.ids = ids;
        this.paint = paint;
        present = new boolean[ids.length];
    }

    void submitTo(ExecutorService threads) {
        for (int from = 0; from < ids.length; from += CHUNK) {
            int first = from;
            parts.add(threads.submit(() -> paint(first, Math.min(ids.length, first + CHUNK))));
        }
    }

    private void paint(int from, int to) {
        try (BytePointer start = new BytePointer(buffer)) {
            for (int i = from; i < to; i++) {
                BytePointer at = new BytePointer(start).position((long) i * size.rgbBytes());
                try (Mat image = new Mat(size.height(), size.width(), opencv_core.CV_8UC3, at)) {
                    present[i] = paint.paint(ids[i], image);
                }
            }
        }
    }

    /** Where the pixels are. */
    ByteBuffer buffer() {
        return buffer;
    }

    /**
     * Waits until all images are there. Of several failures the one of the first image is thrown. If the thread was
     * interrupted, its interrupt flag stays set.
     */
    void await() {
        boolean interrupted = false;
        Throwable failure = null;
        for (Future<?> part : parts) {
            boolean ended = false;
            while (!ended) {
                try {
                    part.get();
                    ended = true;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (failure == null) failure = e.getCause();
                    ended = true;
                }
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
        if (failure instanceof RuntimeException exception) throw exception;
        if (failure instanceof Error error) throw error;
        if (failure != null) throw new InternalException(String.valueOf(failure), failure);
    }

    /** Waits, for a batch that nobody wants any more. */
    void awaitQuietly() {
        try {
            await();
        } catch (RuntimeException e) {
            // Nobody asked for these images.
        }
    }

    /** The images that are there, without gaps. */
    ImageBatch result(long[] labels) {
        long[] kept = new long[ids.length];
        int n = 0;
        int bytes = size.rgbBytes();
        for (int i = 0; i < ids.length; i++) {
            if (!present[i]) continue;
            if (n < i) buffer.put(n * bytes, buffer, i * bytes, bytes);
            kept[n++] = ids[i];
        }
        long[] present = Arrays.copyOf(kept, n);
        long[] theirs = new long[n];
        for (int i = 0; i < n; i++) theirs[i] = labels[(int) present[i]];
        return new ImageBatch(buffer.slice(0, n * bytes), theirs, present);
    }
}
