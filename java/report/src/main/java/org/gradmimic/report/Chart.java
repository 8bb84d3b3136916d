package org.gradmimic.report;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.AtomicFile;

/**
 * A chart with a title, labelled axes and a legend. Texts are drawn with stroke fonts that only contain ASCII: accents
 * are dropped, and any other character becomes a question mark.
 */
public abstract sealed class Chart permits LineChart, HistogramChart {
    /** The size of one chart in pixels. */
    static final int WIDTH = 720;

    static final int HEIGHT = 470;

    /** Blue, orange, green, purple, brown, grey: distinguishable in print and with most kinds of colour blindness. */
    private static final int[] PALETTE = {0x2f6db5, 0xe0782a, 0x3c9a5f, 0x8a5ab8, 0x8c6239, 0x6b7280};

    private final String title;
    private String xLabel = "";
    private String yLabel = "";

    Chart(String title) {
        this.title = title;
    }

    /**
     * Draws charts side by side into one PNG file, which is whole or absent.
     *
     * @param path the file to write
     * @param charts at least one, from left to right
     * @throws InputException if the file cannot be written
     */
    public static void writePng(Path path, Chart... charts) {
        if (charts.length == 0) {
            throw new InvalidArgumentException("no chart to draw");
        }
        try (Canvas canvas = new Canvas(WIDTH * charts.length, HEIGHT)) {
            for (int i = 0; i < charts.length; i++) {
                charts[i].draw(canvas, i * WIDTH);
            }
            AtomicFile.write(path, canvas.png());
        }
    }

    final void label(String x, String y) {
        xLabel = x;
        yLabel = y;
    }

    final String title() {
        return title;
    }

    final String xLabel() {
        return xLabel;
    }

    final String yLabel() {
        return yLabel;
    }

    static int colour(int series) {
        return PALETTE[series % PALETTE.length];
    }

    /** The texts of the legend, one per series; empty for a single series without a name. */
    abstract List<String> legend();

    /** Draws this chart into the part of the canvas that begins at {@code left}. */
    abstract void draw(Canvas canvas, int left);

    /** The smallest and largest finite value; two NaN if there is none. */
    static double[] range(double[]... all) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (double[] values : all) {
            least = Math.min(
                    least, Arrays.stream(values).filter(Double::isFinite).min().orElse(Double.POSITIVE_INFINITY));
            most = Math.max(
                    most, Arrays.stream(values).filter(Double::isFinite).max().orElse(Double.NEGATIVE_INFINITY));
        }
        return least <= most ? new double[] {least, most} : new double[] {Double.NaN, Double.NaN};
    }
}
