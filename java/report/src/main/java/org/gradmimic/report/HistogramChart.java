package org.gradmimic.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

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
    List<String> legend() {
        return groups.stream()
                .map(group -> String.format(Locale.ROOT, "%s (%,d", group.name, group.finite.length)
                        + (group.dropped > 0 ? ", " + group.dropped + " not finite)" : ")"))
                .toList();
    }

    @Override
    void draw(Canvas canvas, int left) {
        double[] shown = shownRange();
        Axis x = Axis.rounded(shown[0], shown[1]);
        double[][] shares = groups.stream().map(group -> shares(group, x)).toArray(double[][]::new);
        double highest =
                Arrays.stream(shares).flatMapToDouble(Arrays::stream).max().orElse(0);
        long beyond = groups.stream()
                .flatMapToDouble(group -> Arrays.stream(group.finite))
                .filter(value -> value < x.from() || value > x.to())
                .count();
        String note = beyond == 0 ? "" : "  (" + beyond + " values beyond the edges are in the outer bars)";
        Frame frame = Frame.draw(canvas, this, left, x, Axis.rounded(0, highest > 0 ? highest : 1), xLabel() + note);
        for (int i = 0; i < shares.length; i++) {
            drawBars(canvas, frame, x, shares[i], colour(i));
        }
    }

    private double[] shownRange() {
        double[] all = groups.stream()
                .flatMapToDouble(group -> Arrays.stream(group.finite))
                .sorted()
                .toArray();
        if (all.length == 0) {
            return new double[] {Double.NaN, Double.NaN};
        }
        int cut = (int) (TAIL * all.length);
        return new double[] {all[cut], all[all.length - 1 - cut]};
    }

    private static double[] shares(Group group, Axis x) {
        double[] shares = new double[BARS];
        for (double value : group.finite) {
            int bar = (int) Math.floor((value - x.from()) / (x.to() - x.from()) * BARS);
            shares[Math.max(0, Math.min(BARS - 1, bar))] += 100.0 / group.finite.length;
        }
        return shares;
    }

    private static void drawBars(Canvas canvas, Frame frame, Axis x, double[] shares, int colour) {
        double[][] bars = new double[BARS][];
        double bottom = frame.y(0);
        for (int i = 0; i < BARS; i++) {
            double from = frame.x(x.from() + (x.to() - x.from()) * i / BARS);
            double to = frame.x(x.from() + (x.to() - x.from()) * (i + 1) / BARS);
            bars[i] = new double[] {from, frame.y(shares[i]), to, bottom};
        }
        canvas.fill(bars, colour, 0.4);
        double before = bottom;
        for (double[] bar : bars) {
            canvas.line(bar[0], before, bar[0], bar[1], colour, 1.4);
            canvas.line(bar[0], bar[1], bar[2], bar[1], colour, 1.4);
            before = bar[1];
        }
        canvas.line(bars[BARS - 1][2], before, bars[BARS - 1][2], bottom, colour, 1.4);
    }
}
