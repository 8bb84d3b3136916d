package org.gradmimic.report;

import java.util.ArrayList;
import java.util.List;
import org.gradmimic.base.InvalidArgumentException;

/** Lines over a common axis, such as accuracies over epochs. A value that is not finite is a gap in its line. */
public final class LineChart extends Chart {
    /** Up to this many points are marked with dots. */
    private static final int MARKED = 40;

    private record Line(String name, double[] x, double[] y) {}

    private final List<Line> lines = new ArrayList<>();

    private LineChart(String title) {
        super(title);
    }

    /** A chart without lines. */
    public static LineChart titled(String title) {
        return new LineChart(title);
    }

    /**
     * Sets the descriptions of the axes.
     *
     * @return this
     */
    public LineChart axes(String x, String y) {
        label(x, y);
        return this;
    }

    /**
     * Adds a line.
     *
     * @param name for the legend
     * @param x the x coordinates of its points, in order
     * @param y the y coordinates, as many
     * @return this
     */
    public LineChart line(String name, double[] x, double[] y) {
        if (x.length != y.length) {
            throw new InvalidArgumentException(
                    "line '" + name + "': " + x.length + " x values and " + y.length + " y values");
        }
        lines.add(new Line(name, x.clone(), y.clone()));
        return this;
    }

    /**
     * Adds a line whose points are at x = 1, 2, 3, …, such as epochs.
     *
     * @return this
     */
    public LineChart line(String name, double... y) {
        double[] x = new double[y.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = i + 1;
        }
        return line(name, x, y);
    }

    @Override
    List<String> legend() {
        return lines.stream().map(Line::name).toList();
    }

    @Override
    void draw(Canvas canvas, int left) {
        double[] xRange = range(lines.stream().map(Line::x).toArray(double[][]::new));
        double[] yRange = range(lines.stream().map(Line::y).toArray(double[][]::new));
        Frame frame = Frame.draw(
                canvas, this, left, Axis.exact(xRange[0], xRange[1]), Axis.rounded(yRange[0], yRange[1]), xLabel());
        for (int i = 0; i < lines.size(); i++) {
            drawLine(canvas, frame, lines.get(i), colour(i));
        }
    }

    private static void drawLine(Canvas canvas, Frame frame, Line line, int colour) {
        for (int i = 0; i < line.x.length; i++) {
            if (!isThere(line, i)) {
                continue;
            }
            double x = frame.x(line.x[i]);
            double y = frame.y(line.y[i]);
            if (i > 0 && isThere(line, i - 1)) {
                canvas.line(frame.x(line.x[i - 1]), frame.y(line.y[i - 1]), x, y, colour, 2);
            }
            if (line.x.length <= MARKED) {
                canvas.dot(x, y, 3.4, colour);
            }
        }
    }

    private static boolean isThere(Line line, int i) {
        return Double.isFinite(line.x[i]) && Double.isFinite(line.y[i]);
    }
}
