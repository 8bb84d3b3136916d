package org.gradmimic.data;

import java.util.function.DoubleUnaryOperator;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * Scales images as Pillow does, to the bit: first along the rows, then along the columns, in whole numbers. Networks were
 * trained on such pixels, and torchvision, open_clip and timm use Pillow. Only the part that is kept is computed.
 */
final class PillowResize {
    private static final int CHANNELS = 3;

    /** Binary digits after the point of a coefficient. */
    private static final int PRECISION = 22;

    /**
     * The coefficients of one direction.
     *
     * @param from the first source pixel of each result pixel
     * @param weights of the source pixels of each result pixel
     */
    private record Taps(int[] from, int[][] weights) {
        int first() {
            return from[0];
        }

        int end() {
            int last = from.length - 1;
            return from[last] + weights[last].length;
        }
    }

    private PillowResize() {}

    /** Fills {@code target}, of the size of the fit, with 8-bit RGB. */
    static void resize(Mat source, Mat target, ImageFit fit) {
        int height = fit.size().height();
        int width = fit.size().width();
        long scaledHeight = height;
        long scaledWidth = width;
        if (fit.shorterSide() > 0) {
            // torchvision's Resize rounds the longer side down.
            int shorter = Math.min(source.rows(), source.cols());
            scaledHeight = (long) fit.shorterSide() * source.rows() / shorter;
            scaledWidth = (long) fit.shorterSide() * source.cols() / shorter;
        }
        boolean cubic = fit.filter() == ImageFit.Filter.BICUBIC;
        DoubleUnaryOperator filter = cubic ? PillowResize::cubic : PillowResize::linear;
        int support = cubic ? 2 : 1;
        Taps across = taps(source.cols(), scaledWidth, centre(scaledWidth, width), width, filter, support);
        Taps down = taps(source.rows(), scaledHeight, centre(scaledHeight, height), height, filter, support);
        byte[][] rows = new byte[down.end() - down.first()][];
        long step = source.step1();
        try (BytePointer data = new BytePointer(source.data())) {
            byte[] row = new byte[source.cols() * CHANNELS];
            for (int y = 0; y < rows.length; y++) {
                data.position((down.first() + y) * step).get(row);
                rows[y] = scaleRow(row, across);
            }
        }
        try (BytePointer data = new BytePointer(target.data())) {
            for (int y = 0; y < height; y++) {
                data.position(y * target.step1())
                        .put(mixRows(rows, down.from[y] - down.first(), down.weights[y], width * CHANNELS));
            }
        }
    }

    /** The start of the centre, as torchvision's CenterCrop rounds it: a half goes to the even number. */
    private static long centre(long scaled, int kept) {
        return (long) Math.rint((scaled - kept) / 2.0);
    }

    private static Taps taps(int source, long scaled, long start, int count, DoubleUnaryOperator filter, int support) {
        double scale = (double) source / scaled;
        double stretch = Math.max(1, scale);
        double reach = support * stretch;
        int[] from = new int[count];
        int[][] weights = new int[count][];
        for (int i = 0; i < count; i++) {
            if (source == scaled) {
                // Pillow leaves out a direction that does not change.
                from[i] = (int) start + i;
                weights[i] = new int[] {1 << PRECISION};
                continue;
            }
            double centre = (start + i + 0.5) * scale;
            int first = Math.max(0, (int) (centre - reach + 0.5));
            int end = Math.min(source, (int) (centre + reach + 0.5));
            double[] exact = new double[end - first];
            double sum = 0;
            for (int k = 0; k < exact.length; k++) {
                exact[k] = filter.applyAsDouble((first + k - centre + 0.5) * (1 / stretch));
                sum += exact[k];
            }
            from[i] = first;
            weights[i] = new int[exact.length];
            for (int k = 0; k < exact.length; k++) {
                double share = sum == 0 ? exact[k] : exact[k] / sum;
                weights[i][k] = (int) (share * (1 << PRECISION) + (share < 0 ? -0.5 : 0.5));
            }
        }
        return new Taps(from, weights);
    }

    private static double linear(double x) {
        return Math.max(0, 1 - Math.abs(x));
    }

    /** With a = -0.5. */
    private static double cubic(double x) {
        double d = Math.abs(x);
        if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
        return d < 2 ? (((d - 5) * d + 8) * d - 4) * -0.5 : 0;
    }

    private static byte[] scaleRow(byte[] row, Taps taps) {
        byte[] scaled = new byte[taps.from.length * CHANNELS];
        for (int x = 0; x < taps.from.length; x++) {
            int[] weights = taps.weights[x];
            int red = 1 << (PRECISION - 1);
            int green = red;
            int blue = red;
            int at = taps.from[x] * CHANNELS;
            for (int weight : weights) {
                red += weight * (row[at] & 0xff);
                green += weight * (row[at + 1] & 0xff);
                blue += weight * (row[at + 2] & 0xff);
                at += CHANNELS;
            }
            scaled[CHANNELS * x] = clipped(red);
            scaled[CHANNELS * x + 1] = clipped(green);
            scaled[CHANNELS * x + 2] = clipped(blue);
        }
        return scaled;
    }

    private static byte[] mixRows(byte[][] rows, int first, int[] weights, int bytes) {
        int[] sums = new int[bytes];
        for (int i = 0; i < bytes; i++) sums[i] = 1 << (PRECISION - 1);
        for (int k = 0; k < weights.length; k++) {
            byte[] row = rows[first + k];
            int weight = weights[k];
            for (int i = 0; i < bytes; i++) sums[i] += weight * (row[i] & 0xff);
        }
        byte[] mixed = new byte[bytes];
        for (int i = 0; i < bytes; i++) mixed[i] = clipped(sums[i]);
        return mixed;
    }

    private static byte clipped(int sum) {
        return (byte) Math.max(0, Math.min(255, sum >> PRECISION));
    }
}
