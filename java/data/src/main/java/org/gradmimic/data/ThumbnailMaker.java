package org.gradmimic.data;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.InvalidArgumentException;

/** Makes small JPEGs of images, for people to look at. Not thread-safe. */
public final class ThumbnailMaker implements AutoCloseable {
    private static final int QUALITY = 85;

    private final int side;
    private final ImageDecoder decoder = new ImageDecoder(new DecodeSettings(Datasets.MAX_PIXELS));
    private final Mat whole = new Mat();
    private final Mat small = new Mat();
    private final Mat bgr = new Mat();
    private final IntPointer parameters = new IntPointer(opencv_imgcodecs.IMWRITE_JPEG_QUALITY, QUALITY);

    /**
     * @param side the longer side of a larger image is scaled down to this, and its proportions are preserved; smaller
     *     images keep their size
     * @throws InvalidArgumentException if it is not positive
     */
    public ThumbnailMaker(int side) {
        if (side < 1)
            throw new InvalidArgumentException("thumbnails with a side of " + side + " pixels; expected 1 or more");
        this.side = side;
    }

    /**
     * A thumbnail of an encoded image.
     *
     * @param encoded a whole image file
     * @param name named in the message
     * @return a JPEG
     * @throws InputException if it is corrupt, truncated, not an image, or has too many pixels
     */
    public byte[] jpeg(byte[] encoded, String name) {
        decoder.decode(encoded, encoded.length, name).copyTo(whole);
        return thumbnail();
    }

    /**
     * A thumbnail of raw pixels.
     *
     * @param rgb holds the image from {@code from} on: rows from top to bottom, 8 bits per channel
     * @return a JPEG
     */
    public byte[] jpeg(ByteBuffer rgb, int from, ImageSize size) {
        byte[] pixels = new byte[size.rgbBytes()];
        rgb.get(from, pixels);
        whole.create(size.height(), size.width(), opencv_core.CV_8UC3);
        whole.data().put(pixels, 0, pixels.length);
        return thumbnail();
    }

    private byte[] thumbnail() {
        double scale = Math.min(1, (double) side / Math.max(whole.rows(), whole.cols()));
        small.create(scaled(whole.rows(), scale), scaled(whole.cols(), scale), opencv_core.CV_8UC3);
        ImageDecoder.scale(whole, small);
        opencv_imgproc.cvtColor(small, bgr, opencv_imgproc.COLOR_RGB2BGR);
        try (BytePointer encoded = new BytePointer()) {
            if (!opencv_imgcodecs.imencode(".jpg", bgr, encoded, parameters)) {
                throw new InternalException("OpenCV could not encode a JPEG of " + bgr.cols() + "x" + bgr.rows());
            }
            byte[] bytes = new byte[(int) encoded.limit()];
            encoded.get(bytes);
            return bytes;
        }
    }

    private static int scaled(int length, double scale) {
        return Math.max(1, (int) Math.round(length * scale));
    }

    /** Releases its memory. A second call does nothing. */
    @Override
    public void close() {
        decoder.close();
        for (Mat mat : Arrays.asList(whole, small, bgr)) mat.close();
        parameters.close();
    }
}
