package org.gradmimic.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradmimic.base.InvalidArgumentException;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

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
    XYChart draw() {
        XYChart chart = empty();
        for (int i = 0; i < lines.size(); i++) {
            Line line = lines.get(i);
            if (line.x.length == 0) continue;
            XYSeries series = chart.addSeries(Integer.toString(i), line.x, finite(line.y));
            series.setLabel(line.name);
            series.setLineColor(colour(i));
            series.setLineWidth(2);
            series.setLineStyle(SeriesLines.SOLID);
            series.setMarkerColor(colour(i));
            series.setMarker(line.x.length <= MARKED ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        }
        chart.getStyler().setMarkerSize(6);
        return chart;
    }

    /** XChart takes NaN for a gap, but no infinite value. */
    private static double[] finite(double[] values) {
        return Arrays.stream(values)
                .map(value -> Double.isFinite(value) ? value : Double.NaN)
                .toArray();
    }
}
