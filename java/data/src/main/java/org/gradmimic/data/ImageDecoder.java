package org.gradmimic.data;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;

/** Turns encoded or raw images into RGB of a given size. Its memory is reused. */
final class ImageDecoder implements AutoCloseable {
    private static final String ERROR = "error:";

    /** What libjpeg and libpng say where a part of the image is lost, although they may return the rest. */
    private static final Pattern LOSS =
            Pattern.compile("(?i)premature end|bad Huffman code|instead of RST|arithmetic code|libpng error");

    private final DecodeSettings settings;
    private final Mat decoded = new Mat();
    private BytePointer bytes = new BytePointer(64 << 10);

    /** For {@link #raw} pixels only. */
    ImageDecoder() {
        this(new DecodeSettings(0));
    }

    ImageDecoder(DecodeSettings settings) {
        this.settings = settings;
    }

    /**
     * Decodes an image in one of {@link ImageHeader#FORMATS}, recognised by its first bytes. Grey becomes RGB,
     * transparency and bits above 8 are dropped, and the orientation recorded by the camera is applied.
     *
     * @param content contains the image from 0 to {@code length}
     * @param name named in the message
     * @throws InputException if it is corrupt, truncated, not an image, or has too many pixels
     */
    void decode(byte[] content, int length, String name, Mat target, ImageFit fit) {
        scale(decode(content, length, name), target, fit);
    }

    /**
     * Like {@link #decode(byte[], int, String, Mat, ImageFit)}, in the image's own size.
     *
     * @return 8-bit RGB, valid until the next image
     */
    Mat decode(byte[] content, int length, String name) {
        if (length == 0) {
            throw new InputException(name + ": is empty; expected an image");
        }
        check(content, length, name);
        if (bytes.capacity() < length) {
            bytes.close();
            bytes = new BytePointer(Math.max(length, 2L * bytes.capacity()));
        }
        bytes.position(0).put(content, 0, length);
        String said = imdecode(length, name);
        if (LOSS.matcher(said).find()) throw new InputException(name + ": is corrupt: " + said);
        if (!said.isEmpty()) settings.warnings().add(name + ": " + said);
        return decoded;
    }

    /** Decodes {@link #bytes} and returns what the decoders printed meanwhile, in one line. */
    private String imdecode(int length, String name) {
        String problem;
        String said;
        DecoderMessages.begin();
        try (Mat encoded = new Mat(1, length, opencv_core.CV_8UC1, bytes);
                Mat result = opencv_imgcodecs.imdecode(encoded, opencv_imgcodecs.IMREAD_COLOR_RGB, decoded)) {
            problem = result.empty() ? "is corrupt or not an image (" + length + " bytes)" : "";
        } catch (RuntimeException e) {
            problem = "cannot be decoded as an image: " + reason(e);
        } finally {
            said = oneLine(DecoderMessages.collected());
        }
        if (problem.isEmpty()) return said;
        throw new InputException(name + ": " + problem + (said.isEmpty() ? "" : ": " + said));
    }

    private static String oneLine(String messages) {
        return messages.lines()
                .map(line -> line.strip().replaceAll("\\p{Cntrl}", "?"))
                .filter(line -> !line.isEmpty())
                .limit(3)
                .collect(Collectors.joining("; "));
    }

    private void check(byte[] content, int length, String name) {
        ImageHeader header = ImageHeader.read(content, length);
        if (header == null) {
            throw new InputException(
                    name + ": is corrupt or not an image (" + length + " bytes); expected " + ImageHeader.FORMATS);
        }
        if (header.pixels() > settings.maxPixels()) {
            throw new InputException(
                    name + ": has " + header + ", more than the limit of " + settings.maxPixels() + " pixels");
        }
        String damage = ImageHeader.damage(content, length);
        if (damage != null) throw new InputException(name + ": is corrupt: " + damage);
    }

    /** Accepts raw RGB pixels of the given size, rows from top to bottom. */
    void raw(byte[] rgb, ImageSize size, Mat target, ImageFit fit) {
        scale(raw(rgb, size), target, fit);
    }

    /** Like {@link #raw(byte[], ImageSize, Mat, ImageFit)}, in the image's own size; valid until the next image. */
    Mat raw(byte[] rgb, ImageSize size) {
        decoded.create(size.height(), size.width(), opencv_core.CV_8UC3);
        decoded.data().put(rgb, 0, size.rgbBytes());
        return decoded;
    }

    @Override
    public void close() {
        decoded.close();
        bytes.close();
    }

    private static void scale(Mat source, Mat target, ImageFit fit) {
        if (fit.filter() == ImageFit.Filter.AREA) scale(source, target);
        else PillowResize.resize(source, target, fit);
    }

    /** Scales an image to the size of the target; a copy where it has that size. */
    static void scale(Mat source, Mat target) {
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
