package org.gradmimic.report;

import java.text.Normalizer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Point;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.bytedeco.opencv.opencv_core.Size;
import org.gradmimic.base.InternalException;

/**
 * A white canvas. Positions and sizes are in pixels of the finished image. Everything is drawn larger and averaged at
 * the end, so that stroke fonts and thin lines look smooth. Colours are 0xRRGGBB.
 */
final class Canvas implements AutoCloseable {
    private static final int FINER = 4;
    /** Coordinates are passed to OpenCV in sixteenths of its pixels. */
    private static final int SHIFT = 4;

    private static final double UNIT = FINER * (1 << SHIFT);

    /** The point of a text that its position refers to. */
    enum Anchor {
        START,
        MIDDLE,
        END
    }

    /** How a text is drawn: its face, and its size and stroke in the finished image. */
    enum Weight {
        PLAIN(opencv_imgproc.FONT_HERSHEY_SIMPLEX, 0.43, 1.1),
        TITLE(opencv_imgproc.FONT_HERSHEY_DUPLEX, 0.62, 1.3);

        private final int face;
        private final double scale;
        private final int stroke;

        Weight(int face, double scale, double stroke) {
            this.face = face;
            this.scale = scale * FINER;
            this.stroke = (int) Math.round(stroke * FINER);
        }
    }

    private final Mat sheet;
    private final Size finished;
    private final IntPointer baseline = new IntPointer(1);

    Canvas(int width, int height) {
        finished = new Size(width, height);
        try (Scalar white = colour(0xffffff)) {
            sheet = new Mat(height * FINER, width * FINER, opencv_core.CV_8UC3, white);
        }
    }

    void line(double x0, double y0, double x1, double y1, int colour, double thickness) {
        int stroke = Math.max(1, (int) Math.round(thickness * FINER));
        try (Point from = point(x0, y0);
                Point to = point(x1, y1);
                Scalar ink = colour(colour)) {
            opencv_imgproc.line(sheet, from, to, ink, stroke, opencv_imgproc.LINE_AA, SHIFT);
        }
    }

    void dot(double x, double y, double radius, int colour) {
        try (Point centre = point(x, y);
                Scalar ink = colour(colour)) {
            int size = (int) Math.round(radius * UNIT);
            opencv_imgproc.circle(sheet, centre, size, ink, opencv_imgproc.FILLED, opencv_imgproc.LINE_AA, SHIFT);
        }
    }

    /**
     * Fills rectangles that do not overlap.
     *
     * @param rectangles each x0, y0, x1, y1
     * @param opacity 0 to 1
     */
    void fill(double[][] rectangles, int colour, double opacity) {
        try (Mat filled = sheet.clone();
                Scalar ink = colour(colour)) {
            for (double[] r : rectangles) {
                // OpenCV's rectangles include their last pixel; ours end before it.
                int x0 = (int) Math.round(r[0] * FINER);
                int y0 = (int) Math.round(r[1] * FINER);
                int x1 = (int) Math.round(r[2] * FINER) - 1;
                int y1 = (int) Math.round(r[3] * FINER) - 1;
                if (x0 <= x1 && y0 <= y1) {
                    try (Point from = new Point(x0, y0);
                            Point to = new Point(x1, y1)) {
                        opencv_imgproc.rectangle(
                                filled, from, to, ink, opencv_imgproc.FILLED, opencv_imgproc.LINE_8, 0);
                    }
                }
            }
            opencv_core.addWeighted(filled, opacity, sheet, 1 - opacity, 0, sheet);
        }
    }

    void text(String text, double x, double y, Anchor anchor, Weight weight, int colour) {
        double shift = switch (anchor) {
            case START -> 0;
            case MIDDLE -> -width(text, weight) / 2;
            case END -> -width(text, weight);
        };
        // putText takes whole pixels; FINER of them make one pixel of the finished image.
        try (Point at = new Point((int) Math.round((x + shift) * FINER), (int) Math.round(y * FINER));
                Scalar ink = colour(colour)) {
            opencv_imgproc.putText(
                    sheet,
                    ascii(text),
                    at,
                    weight.face,
                    weight.scale,
                    ink,
                    weight.stroke,
                    opencv_imgproc.LINE_AA,
                    false);
        }
    }

    /** The width of a text in pixels of the finished image. */
    double width(String text, Weight weight) {
        try (Size size = opencv_imgproc.getTextSize(ascii(text), weight.face, weight.scale, weight.stroke, baseline)) {
            return (double) size.width() / FINER;
        }
    }

    /** The finished image as the bytes of a PNG file. */
    byte[] png() {
        try (Mat small = new Mat();
                BytePointer encoded = new BytePointer()) {
            opencv_imgproc.resize(sheet, small, finished, 0, 0, opencv_imgproc.INTER_AREA);
            if (!opencv_imgcodecs.imencode(".png", small, encoded)) {
                throw new InternalException("OpenCV could not encode a PNG of " + small.cols() + "x" + small.rows());
            }
            byte[] bytes = new byte[(int) encoded.limit()];
            encoded.get(bytes);
            return bytes;
        }
    }

    @Override
    public void close() {
        sheet.close();
        finished.close();
        baseline.close();
    }

    /**
     * The part of a text that the stroke fonts can draw: accents are dropped, and any other non-ASCII character becomes
     * a question mark.
     */
    static String ascii(String text) {
        String plain = Normalizer.normalize(text, Normalizer.Form.NFKD).replaceAll("\\p{M}+", "");
        StringBuilder drawn = new StringBuilder();
        plain.codePoints().forEach(c -> drawn.append(c >= ' ' && c <= '~' ? (char) c : '?'));
        return drawn.toString();
    }

    private static Point point(double x, double y) {
        return new Point((int) Math.round(x * UNIT), (int) Math.round(y * UNIT));
    }

    /** OpenCV's order is blue, green, red. */
    private static Scalar colour(int rgb) {
        return new Scalar(rgb & 0xff, rgb >> 8 & 0xff, rgb >> 16 & 0xff, 0);
    }
}
