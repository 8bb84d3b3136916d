package org.gradmimic.data;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Point;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.bytedeco.opencv.opencv_core.Size;
import org.gradmimic.base.SplitMix;

/**
 * Draws one character so that no two images of it are alike. Face, weight, size, place, slant and rotation vary. Two
 * colours blend into each other behind the character and another two within it. Random strokes cross it, and noise
 * covers everything. The shape comes from the Hershey stroke fonts that are compiled into OpenCV.
 */
final class GlyphPainter implements AutoCloseable {
    /** The mask is drawn this many times larger than the image and averaged, for smooth edges. */
    private static final int FINER = 2;

    private static final int[] FACES = {
        opencv_imgproc.FONT_HERSHEY_SIMPLEX,
        opencv_imgproc.FONT_HERSHEY_PLAIN,
        opencv_imgproc.FONT_HERSHEY_DUPLEX,
        opencv_imgproc.FONT_HERSHEY_COMPLEX,
        opencv_imgproc.FONT_HERSHEY_TRIPLEX,
        opencv_imgproc.FONT_HERSHEY_SIMPLEX | opencv_imgproc.FONT_ITALIC,
        opencv_imgproc.FONT_HERSHEY_COMPLEX | opencv_imgproc.FONT_ITALIC,
    };
    /** The largest share of the ink colour that random strokes mix into the paper colour. */
    private static final double CLUTTER = 0.6;
    /** The smallest difference in brightness between ink and paper, of 255. */
    private static final double LEAST_CONTRAST = 70;

    private final int side;
    private final int fine;
    private final Mat drawn;
    private final Mat placed;
    private final Mat small;
    private final Mat clutter;
    private final Mat smallClutter;
    private final Mat transform = new Mat(2, 3, opencv_core.CV_64F);
    private final Size fineSize;
    private final Size smallSize;
    private final Scalar white = new Scalar(255, 255, 255, 255);
    private final Scalar black = new Scalar(0, 0, 0, 0);
    private final IntPointer baseline = new IntPointer(1);
    private final Point from = new Point();
    private final Point to = new Point();
    private final byte[] ink;
    private final byte[] dirt;
    private final byte[] rgb;

    GlyphPainter(int side) {
        this.side = side;
        this.fine = side * FINER;
        this.drawn = new Mat(fine, fine, opencv_core.CV_8UC1);
        this.placed = new Mat(fine, fine, opencv_core.CV_8UC1);
        this.clutter = new Mat(fine, fine, opencv_core.CV_8UC1);
        this.small = new Mat(side, side, opencv_core.CV_8UC1);
        this.smallClutter = new Mat(side, side, opencv_core.CV_8UC1);
        this.fineSize = new Size(fine, fine);
        this.smallSize = new Size(side, side);
        this.ink = new byte[side * side];
        this.dirt = new byte[side * side];
        this.rgb = new byte[3 * side * side];
    }

    /**
     * Draws a character.
     *
     * @param random determines everything about it
     * @return RGB, rows from top to bottom, [side · side · 3]; overwritten by the next call
     */
    byte[] paint(char character, SplitMix random) {
        drawGlyph(String.valueOf(character), random);
        drawClutter(random);
        opencv_imgproc.resize(placed, small, smallSize, 0, 0, opencv_imgproc.INTER_AREA);
        opencv_imgproc.resize(clutter, smallClutter, smallSize, 0, 0, opencv_imgproc.INTER_AREA);
        small.data().get(ink);
        smallClutter.data().get(dirt);
        colour(random);
        return rgb;
    }

    private void drawGlyph(String text, SplitMix random) {
        int face = FACES[random.nextInt(FACES.length)];
        int thickness = 1 + random.nextInt(Math.max(1, fine / 12));
        // Size 1 differs between faces, so it is measured first. The character is then drawn at about two thirds of the
        // canvas.
        double unit;
        try (Size measured = opencv_imgproc.getTextSize(text, face, 1, thickness, baseline)) {
            unit = 0.62 * fine / Math.max(measured.width(), measured.height());
        }
        int width;
        int height;
        try (Size measured = opencv_imgproc.getTextSize(text, face, unit, thickness, baseline)) {
            width = measured.width();
            height = measured.height();
        }
        drawn.put(black);
        from.x((fine - width) / 2).y((fine + height) / 2);
        opencv_imgproc.putText(drawn, text, from, face, unit, white, thickness, opencv_imgproc.LINE_AA, false);
        place(random);
        opencv_imgproc.warpAffine(
                drawn, placed, transform, fineSize, opencv_imgproc.INTER_LINEAR, opencv_core.BORDER_CONSTANT, black);
    }

    /** Rotation, slant, size and shift about the centre of the canvas. */
    private void place(SplitMix random) {
        double turn = Math.toRadians(random.uniform(-18, 18));
        double slant = random.uniform(-0.25, 0.25);
        double sizeX = random.uniform(0.8, 1.25);
        double sizeY = random.uniform(0.8, 1.25);
        double cos = StrictMath.cos(turn);
        double sin = StrictMath.sin(turn);
        double a = cos * sizeX;
        double b = cos * sizeX * slant - sin * sizeY;
        double c = sin * sizeX;
        double d = sin * sizeX * slant + cos * sizeY;
        double centre = fine / 2.0;
        double shift = 0.1 * fine;
        double x = centre + random.uniform(-shift, shift);
        double y = centre + random.uniform(-shift, shift);
        DoublePointer matrix = new DoublePointer(transform.data());
        matrix.put(a, b, x - a * centre - b * centre, c, d, y - c * centre - d * centre);
    }

    private void drawClutter(SplitMix random) {
        clutter.put(black);
        int strokes = random.nextInt(3);
        for (int i = 0; i < strokes; i++) {
            from.x(random.nextInt(fine)).y(random.nextInt(fine));
            to.x(random.nextInt(fine)).y(random.nextInt(fine));
            int thickness = 1 + random.nextInt(Math.max(1, fine / 20));
            opencv_imgproc.line(clutter, from, to, white, thickness, opencv_imgproc.LINE_AA, 0);
        }
    }

    private void colour(SplitMix random) {
        double[] paper = colourAway(random, new double[] {-1000, -1000, -1000}, 0);
        double[] inkColour = colourAway(random, paper, LEAST_CONTRAST);
        double[] paperDrift = drift(random);
        double[] inkDrift = drift(random);
        double angle = random.uniform(0, 2 * Math.PI);
        double alongX = StrictMath.cos(angle) / side;
        double alongY = StrictMath.sin(angle) / side;
        double clutterShare = random.uniform(0.25, CLUTTER);
        double noise = random.uniform(2, 18);
        for (int y = 0, i = 0; y < side; y++) {
            for (int x = 0; x < side; x++, i++) {
                double along = (x - side / 2.0) * alongX + (y - side / 2.0) * alongY;
                double dirty = clutterShare * (dirt[i] & 0xff) / 255;
                double covered = (ink[i] & 0xff) / 255.0;
                double share = covered + (1 - covered) * dirty;
                long bits = random.nextLong();
                for (int channel = 0; channel < 3; channel++) {
                    double below = paper[channel] + along * paperDrift[channel];
                    double above = inkColour[channel] + along * inkDrift[channel];
                    double value = below + share * (above - below) + noise * triangular(bits >>> 16 * channel);
                    rgb[3 * i + channel] = (byte) Math.max(0, Math.min(255, Math.round(value)));
                }
            }
        }
    }

    /** The sum of two bytes, centred at 0 and scaled to a standard deviation of 1. */
    private static double triangular(long bits) {
        return ((bits & 0xff) + (bits >>> 8 & 0xff) - 255) / 104.5;
    }

    private static double[] drift(SplitMix random) {
        return new double[] {random.uniform(-50, 50), random.uniform(-50, 50), random.uniform(-50, 50)};
    }

    private static double[] colourAway(SplitMix random, double[] other, double least) {
        while (true) {
            double[] colour = {random.uniform(20, 235), random.uniform(20, 235), random.uniform(20, 235)};
            if (Math.abs(brightness(colour) - brightness(other)) >= least) {
                return colour;
            }
        }
    }

    private static double brightness(double[] rgb) {
        return 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2];
    }

    @Override
    public void close() {
        drawn.close();
        placed.close();
        small.close();
        clutter.close();
        smallClutter.close();
        transform.close();
        fineSize.close();
        smallSize.close();
        white.close();
        black.close();
        baseline.close();
        from.close();
        to.close();
    }
}
