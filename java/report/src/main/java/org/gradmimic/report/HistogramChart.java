package org.gradmimic.report;

import java.awt.Color;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Superimposed distributions, such as the scores of clean and of corrupted samples. The bars of every group add up to
 * 100 %, so groups of different sizes can be compared. The axis covers all values except the outermost 0.2 % at either
 * end. Values beyond it are counted in the outer bars, and the chart shows their number, as it does for values that are
 * not finite.
 */
public final class HistogramChart extends Chart {
    private static final int BARS = 60;
    private static final double TAIL = 0.002;

    private record Group(String name, double[] finite, int dropped) {}

    private final List<Group> groups = new ArrayList<>();

    private HistogramChart(String title) {
        super(title);
    }

    /** A chart without groups. */
    public static HistogramChart titled(String title) {
        return new HistogramChart(title);
    }

    /**
     * Sets the description of the values.
     *
     * @return this
     */
    public HistogramChart axis(String x) {
        label(x, "share of the group, %");
        return this;
    }

    /**
     * Adds a group.
     *
     * @param name for the legend
     * @param values in any order
     * @return this
     */
    public HistogramChart group(String name, double[] values) {
        double[] finite =
                Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
        groups.add(new Group(name, finite, values.length - finite.length));
        return this;
    }

    @Override
    XYChart draw() {
        double[] shown = shownRange();
        long beyond = groups.stream()
                .flatMapToDouble(group -> Arrays.stream(group.finite))
                .filter(value -> value < shown[0] || value > shown[1])
                .count();
        XYChart chart = empty();
        if (beyond > 0)
            chart.setXAxisTitle(
                    chart.getXAxisTitle() + " (" + beyond + " values beyond the edges are in the outer bars)");
        chart.getStyler().setDefaultSeriesRenderStyle(XYSeriesRenderStyle.StepArea);
        double[] edges = new double[BARS + 1];
        for (int i = 0; i <= BARS; i++) edges[i] = shown[0] + (shown[1] - shown[0]) * i / BARS;
        for (int i = 0; i < groups.size(); i++) {
            Group group = groups.get(i);
            double[] shares = shares(group, shown);
            XYSeries series = chart.addSeries(Integer.toString(i), edges, shares);
            series.setLabel(legend(group));
            series.setLineColor(colour(i));
            series.setLineWidth(1.6f);
            series.setFillColor(new Color(
                    colour(i).getRed(), colour(i).getGreen(), colour(i).getBlue(), 70));
            series.setMarker(SeriesMarkers.NONE);
        }
        return chart;
    }

    private static String legend(Group group) {
        return String.format(Locale.ROOT, "%s (%,d", group.name, group.finite.length)
                + (group.dropped > 0 ? ", " + group.dropped + " not finite)" : ")");
    }

    /** The range without the tails, at least as wide as a float can tell. */
    private double[] shownRange() {
        double[] all = groups.stream()
                .flatMapToDouble(group -> Arrays.stream(group.finite))
                .sorted()
                .toArray();
        if (all.length == 0) {
            return new double[] {0, 1};
        }
        int cut = (int) (TAIL * all.length);
        double least = all[cut];
        double most = all[all.length - 1 - cut];
        double margin = most > least ? 0 : Math.max(1, Math.abs(least)) / 2;
        return new double[] {least - margin, most + margin};
    }

    /** Per cent of the group in each bar, and the last one again for the end of its step. */
    private static double[] shares(Group group, double[] shown) {
        double[] shares = new double[BARS + 1];
        for (double value : group.finite) {
            int bar = (int) Math.floor((value - shown[0]) / (shown[1] - shown[0]) * BARS);
            shares[Math.max(0, Math.min(BARS - 1, bar))] += 100.0 / group.finite.length;
        }
        shares[BARS] = shares[BARS - 1];
        return shares;
    }
}
