package org.gradmimic.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.jspecify.annotations.Nullable;

/**
 * The images of a split, batch by batch, in one buffer that is reused. Not thread-safe; several streams may be open at
 * the same time.
 */
public final class ImageStream implements AutoCloseable {
    private final String source;
    private final SampleCursor cursor;
    private final ImageFit fit;
    private final int imageBytes;
    private final ByteBuffer pixels;
    private final Mat[] slots;
    private final long[] labels;
    private final long[] ids;
    private boolean closed;

    /**
     * @param source named if reading fails
     * @param cursor closed with this stream
     */
    ImageStream(String source, SampleCursor cursor, ImageFit fit, int batchSize) {
        ImageSize size = fit.size();
        this.source = source;
        this.cursor = cursor;
        this.fit = fit;
        this.imageBytes = size.rgbBytes();
        this.pixels = ByteBuffer.allocateDirect(bufferBytes(size, batchSize));
        this.slots = new Mat[batchSize];
        this.labels = new long[batchSize];
        this.ids = new long[batchSize];
        BytePointer start = new BytePointer(pixels);
        for (int i = 0; i < batchSize; i++) {
            slots[i] = new Mat(
                    size.height(),
                    size.width(),
                    opencv_core.CV_8UC3,
                    new BytePointer(start).position((long) i * imageBytes));
        }
    }

    /**
     * The number of bytes of a batch's pixels. @throws InvalidArgumentException if the batch is empty or the pixels
     * exceed 2 GB
     */
    static int bufferBytes(ImageSize size, int batchSize) {
        long bytes = (long) size.rgbBytes() * batchSize;
        if (batchSize < 1 || bytes > Integer.MAX_VALUE) {
            throw new InvalidArgumentException("a batch of " + batchSize + " images of " + size + " has " + bytes
                    + " bytes; expected 1 to " + Integer.MAX_VALUE);
        }
        return (int) bytes;
    }

    /**
     * The next batch.
     *
     * @return null at the end; the pixels of the batch are valid until the next call
     * @throws InputException if an image is corrupt or the source cannot be read
     */
    public @Nullable ImageBatch next() {
        if (closed) {
            throw new InvalidStateException("the stream of " + source + " is closed");
        }
        int n = 0;
        try {
            while (n < slots.length && cursor.next()) {
                cursor.paint(slots[n], fit);
                labels[n] = cursor.label();
                ids[n] = cursor.id();
                n++;
            }
        } catch (IOException e) {
            throw InputException.in(source, "cannot be read: " + e.getMessage(), e);
        }
        if (n == 0) {
            return null;
        }
        return new ImageBatch(pixels.slice(0, n * imageBytes), Arrays.copyOf(labels, n), Arrays.copyOf(ids, n));
    }

    /** Releases buffers and files. A second call does nothing. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (Mat slot : slots) {
            slot.close();
        }
        try {
            cursor.close();
        } catch (IOException e) {
            throw InputException.in(source, "cannot be closed: " + e.getMessage(), e);
        }
    }
}
