package org.gradmimic.data;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;

/** Turns encoded or raw images into RGB of a given size. Its memory is reused. */
final class ImageDecoder implements AutoCloseable {
    private static final String ERROR = "error:";

    private final long maxPixels;
    private final Mat decoded = new Mat();
    private BytePointer bytes = new BytePointer(64 << 10);

    /** For {@link #raw} pixels only. */
    ImageDecoder() {
        this(0);
    }

    /** @param maxPixels encoded images with more pixels are rejected before they are decoded */
    ImageDecoder(long maxPixels) {
        this.maxPixels = maxPixels;
    }

    /**
     * Decodes an image in one of {@link ImageHeader#FORMATS}, recognised by its first bytes. Grey becomes RGB,
     * transparency and bits above 8 are dropped, and the orientation recorded by the camera is applied.
     *
     * @param content contains the image from 0 to {@code length}
     * @param name named in the message
     * @throws InputException if it is corrupt, truncated, not an image, or has too many pixels
     */
    void decode(byte[] content, int length, String name, Mat target) {
        if (length == 0) {
            throw new InputException(name + ": is empty; expected an image");
        }
        check(content, length, name);
        if (bytes.capacity() < length) {
            bytes.close();
            bytes = new BytePointer(Math.max(length, 2L * bytes.capacity()));
        }
        bytes.position(0).put(content, 0, length);
        boolean good;
        try (Mat encoded = new Mat(1, length, opencv_core.CV_8UC1, bytes);
                Mat result = opencv_imgcodecs.imdecode(encoded, opencv_imgcodecs.IMREAD_COLOR_RGB, decoded)) {
            good = !result.empty();
        } catch (RuntimeException e) {
            throw new InputException(name + ": cannot be decoded as an image: " + reason(e), e);
        }
        if (!good) {
            throw new InputException(name + ": is corrupt or not an image (" + length + " bytes)");
        }
        scale(decoded, target);
    }

    private void check(byte[] content, int length, String name) {
        ImageHeader header = ImageHeader.read(content, length);
        if (header == null) {
            throw new InputException(
                    name + ": is corrupt or not an image (" + length + " bytes); expected " + ImageHeader.FORMATS);
        }
        if (header.pixels() > maxPixels) {
            throw new InputException(name + ": has " + header + ", more than the limit of " + maxPixels + " pixels");
        }
        String damage = ImageHeader.damage(content, length);
        if (damage != null) throw new InputException(name + ": is corrupt: " + damage);
    }

    /** Accepts raw RGB pixels of the given size, rows from top to bottom. */
    void raw(byte[] rgb, ImageSize size, Mat target) {
        decoded.create(size.height(), size.width(), opencv_core.CV_8UC3);
        decoded.data().put(rgb, 0, size.rgbBytes());
        scale(decoded, target);
    }

    @Override
    public void close() {
        decoded.close();
        bytes.close();
    }

    private static void scale(Mat source, Mat target) {
        if (source.rows() == target.rows() && source.cols() == target.cols()) {
            source.copyTo(target);
            return;
        }
        // Averaging areas is right for shrinking. For growing it would produce blocks.
        boolean grows = source.rows() < target.rows() && source.cols() < target.cols();
        int method = grows ? opencv_imgproc.INTER_LINEAR : opencv_imgproc.INTER_AREA;
        opencv_imgproc.resize(source, target, target.size(), 0, 0, method);
    }

    /** The part of an OpenCV message after the name and line of the source file. */
    static String reason(RuntimeException e) {
        String message = String.valueOf(e.getMessage()).strip();
        int start = message.lastIndexOf(ERROR);
        return start < 0 ? message : message.substring(start + ERROR.length()).strip();
    }
}
