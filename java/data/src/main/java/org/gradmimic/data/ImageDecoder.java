package org.gradmimic.data;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;

/** Turns encoded or raw images into RGB of a wanted size, with memory that is used again. */
final class ImageDecoder implements AutoCloseable {
    private final Mat decoded = new Mat();
    private BytePointer bytes = new BytePointer(64 << 10);

    /**
     * Decodes a JPEG, PNG or whatever else OpenCV knows by its first bytes; grey is made RGB, transparency and bits
     * above 8 are dropped, the orientation a camera noted is applied.
     *
     * @param content holds the image from 0 to {@code length}
     * @param name named in the message
     * @throws InputException if it is corrupt, cut short or no image
     */
    void decode(byte[] content, int length, String name, Mat target) {
        if (length == 0) {
            throw new InputException(name + ": is empty; expected an image");
        }
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
            // OpenCV's own exceptions carry source lines of theirs; only the last line is of use to anyone.
            throw new InputException(name + ": cannot be decoded as an image: " + reason(e), e);
        }
        if (!good) {
            throw new InputException(name + ": is corrupt or no image (" + length + " bytes)");
        }
        scale(decoded, target);
    }

    /** Takes raw RGB pixels, rows from top to bottom, of the given size. */
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
        // Averaging areas is right where pixels are lost; where they are gained it would give blocks.
        boolean grows = source.rows() < target.rows() && source.cols() < target.cols();
        int method = grows ? opencv_imgproc.INTER_LINEAR : opencv_imgproc.INTER_AREA;
        opencv_imgproc.resize(source, target, target.size(), 0, 0, method);
    }

    private static String reason(RuntimeException e) {
        String message = String.valueOf(e.getMessage()).strip();
        return message.substring(message.lastIndexOf("error:") + 1);
    }
}
