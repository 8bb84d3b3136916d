package org.gradmimic.data;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;

/** Decodes single encoded images to RGB of one size. Any number of threads may decode at the same time. */
public final class SharedImageDecoder implements AutoCloseable {
    /** The memory that one thread decodes in. */
    private record Tool(ImageDecoder decoder, Mat target) {}

    private final ImageFit fit;
    private final DecodeSettings settings;
    private final Queue<Tool> idle = new ConcurrentLinkedQueue<>();

    /**
     * A decoder for one size.
     *
     * @param fit how images get it
     * @param maxPixels an encoded image with more pixels is rejected before it is decoded
     */
    public SharedImageDecoder(ImageFit fit, long maxPixels) {
        this.fit = fit;
        settings = new DecodeSettings(maxPixels);
    }

    /**
     * Decodes an image.
     *
     * @param content the encoded image
     * @param name named in messages
     * @return RGB, 8 bits per channel, rows from top to bottom
     * @throws InputException if it is corrupt, truncated, not an image, or has too many pixels
     */
    public byte[] decode(byte[] content, String name) {
        ImageSize size = fit.size();
        Tool tool = idle.poll();
        if (tool == null) {
            tool = new Tool(new ImageDecoder(settings), new Mat(size.height(), size.width(), opencv_core.CV_8UC3));
        }
        try {
            tool.decoder.decode(content, content.length, name, tool.target, fit);
            byte[] pixels = new byte[size.rgbBytes()];
            tool.target.data().get(pixels);
            return pixels;
        } finally {
            idle.add(tool);
        }
    }

    /** What decoders said of the images that were decoded all the same. */
    public ImageWarnings warnings() {
        return settings.warnings();
    }

    /** Frees the memory of all threads; none may be decoding. */
    @Override
    public void close() {
        for (Tool tool = idle.poll(); tool != null; tool = idle.poll()) {
            tool.decoder.close();
            tool.target.close();
        }
    }
}
