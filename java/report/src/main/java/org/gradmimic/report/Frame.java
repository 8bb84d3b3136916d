package org.gradmimic.report;

import java.util.List;

/**
 * The rectangle in which the data of a chart are drawn, and the positions of values in it, in pixels from the top left
 * corner of the canvas.
 */
record Frame(double left, double top, double right, double bottom, Axis xAxis, Axis yAxis) {
    private static final int TEXT = 0x374151;
    private static final int FAINT_TEXT = 0x6b7280;
    private static final int GRID = 0xe5e7eb;
    private static final int LINE = 0x9ca3af;

    private static final double MARGIN_LEFT = 74;
    private static final double MARGIN_RIGHT = 28;
    private static final double MARGIN_BOTTOM = 58;
    private static final double TITLE_BASE = 34;
    private static final double LEGEND_ROW = 22;
    private static final double SWATCH = 18;

    /** Draws the title, legend, grid, ticks and labels of a chart whose part of the canvas begins at {@code offset}. */
    static Frame draw(Canvas canvas, Chart chart, int offset, Axis xAxis, Axis yAxis, String xLabel) {
        double left = offset + MARGIN_LEFT;
        double right = offset + Chart.WIDTH - MARGIN_RIGHT;
        canvas.text(chart.title(), left, TITLE_BASE, Canvas.Anchor.START, Canvas.Weight.TITLE, TEXT);
        double legendEnd = drawLegend(canvas, chart.legend(), left, right);
        double labelBase = legendEnd + LEGEND_ROW;
        canvas.text(chart.yLabel(), left, labelBase, Canvas.Anchor.START, Canvas.Weight.PLAIN, FAINT_TEXT);
        Frame frame = new Frame(left, labelBase + 12, right, Chart.HEIGHT - MARGIN_BOTTOM, xAxis, yAxis);
        frame.drawGrid(canvas);
        canvas.text(
                xLabel, (left + right) / 2, Chart.HEIGHT - 16, Canvas.Anchor.MIDDLE, Canvas.Weight.PLAIN, FAINT_TEXT);
        return frame;
    }

    double x(double value) {
        return left + Math.max(0, Math.min(1, xAxis.position(value))) * (right - left);
    }

    double y(double value) {
        return bottom - Math.max(0, Math.min(1, yAxis.position(value))) * (bottom - top);
    }

    /** Draws names from left to right, in as many rows as needed. Returns the base line of the last row. */
    private static double drawLegend(Canvas canvas, List<String> names, double left, double right) {
        double x = left;
        double base = TITLE_BASE + LEGEND_ROW + 4;
        for (int i = 0; i < names.size(); i++) {
            double width = SWATCH + 8 + canvas.width(names.get(i), Canvas.Weight.PLAIN);
            if (x > left && x + width > right) {
                x = left;
                base += LEGEND_ROW;
            }
            canvas.fill(new double[][] {{x, base - 8, x + SWATCH, base - 3}}, Chart.colour(i), 1);
            canvas.text(names.get(i), x + SWATCH + 8, base, Canvas.Anchor.START, Canvas.Weight.PLAIN, TEXT);
            x += width + 22;
        }
        return base;
    }

    private void drawGrid(Canvas canvas) {
        for (double tick : yAxis.ticks()) {
            canvas.line(left, y(tick), right, y(tick), GRID, 1);
            canvas.text(yAxis.text(tick), left - 9, y(tick) + 4.5, Canvas.Anchor.END, Canvas.Weight.PLAIN, FAINT_TEXT);
        }
        for (double tick : xAxis.ticks()) {
            canvas.line(x(tick), bottom, x(tick), bottom + 5, LINE, 1);
            canvas.text(xAxis.text(tick), x(tick), bottom + 20, Canvas.Anchor.MIDDLE, Canvas.Weight.PLAIN, FAINT_TEXT);
        }
        canvas.line(left, bottom, right, bottom, LINE, 1.2);
    }
}
