package org.gradmimic.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.AtomicFile;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;

/** A chart with a title, labelled axes and a legend, as PNG. XChart draws it. */
public abstract sealed class Chart permits LineChart, HistogramChart {
    /** The size of one chart in pixels. */
    static final int WIDTH = 720;

    static final int HEIGHT = 470;

    /** Blue, orange, green, purple, brown, grey: distinguishable in print and with most kinds of colour blindness. */
    private static final int[] PALETTE = {0x1f5fbf, 0xb3500c, 0x23794a, 0x7a44ab, 0x7d5a1e, 0x59616c};

    private static final Color TEXT = new Color(0x1b1f24);
    private static final Color FAINT = new Color(0x59616c);
    private static final Color LINE = new Color(0xe2e5ea);

    private final String title;
    private String xLabel = "";
    private String yLabel = "";

    Chart(String title) {
        this.title = title;
    }

    /**
     * Whether this machine can draw charts: Java's drawing of texts needs fontconfig and a font, which a small container
     * may lack.
     */
    public static boolean canDraw() {
        try {
            Graphics2D graphics = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
            graphics.setFont(font(Font.PLAIN, 12));
            int width = graphics.getFontMetrics().stringWidth("x");
            graphics.dispose();
            return width > 0;
        } catch (RuntimeException | LinkageError | InternalError e) {
            return false;
        }
    }

    /**
     * Draws charts side by side into one PNG file, which is whole or absent.
     *
     * @param path the file to write
     * @param charts at least one, from left to right
     * @throws InputException if the file cannot be written, or this machine has no font; see {@link #canDraw}
     */
    public static void writePng(Path path, Chart... charts) {
        if (charts.length == 0) {
            throw new InvalidArgumentException("no chart to draw");
        }
        if (!canDraw()) {
            throw InputException.in(
                    path,
                    "cannot be drawn: Java finds no font on this machine; on Debian install fontconfig and fonts-dejavu-core");
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            List<XYChart> drawn = Arrays.stream(charts).map(Chart::draw).toList();
            BitmapEncoder.saveBitmap(drawn, 1, charts.length, png, BitmapEncoder.BitmapFormat.PNG);
        } catch (IOException e) {
            throw new InternalException("a PNG of " + charts.length + " charts cannot be made", e);
        }
        AtomicFile.write(path, png.toByteArray());
    }

    private static Font font(int style, int size) {
        return new Font(Font.SANS_SERIF, style, size);
    }

    final void label(String x, String y) {
        xLabel = x;
        yLabel = y;
    }

    static Color colour(int series) {
        return new Color(PALETTE[series % PALETTE.length]);
    }

    /** This chart as XChart draws it. */
    abstract XYChart draw();

    /** A chart without series in the style that all have. */
    final XYChart empty() {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(xLabel)
                .yAxisTitle(yLabel)
                .build();
        XYStyler style = chart.getStyler();
        style.setChartBackgroundColor(Color.WHITE);
        style.setPlotBackgroundColor(Color.WHITE);
        style.setPlotBorderVisible(false);
        style.setPlotGridVerticalLinesVisible(false);
        style.setPlotGridLinesColor(LINE);
        style.setAxisTickMarksColor(LINE);
        style.setAxisTickLabelsColor(FAINT);
        style.setChartFontColor(TEXT);
        style.setChartTitleFont(font(Font.BOLD, 17));
        style.setAxisTitleFont(font(Font.PLAIN, 13));
        style.setAxisTickLabelsFont(font(Font.PLAIN, 12));
        style.setLegendFont(font(Font.PLAIN, 13));
        style.setLegendPosition(LegendPosition.OutsideS);
        style.setLegendLayout(LegendLayout.Horizontal);
        style.setLegendBorderColor(Color.WHITE);
        style.setLegendBackgroundColor(Color.WHITE);
        style.setChartPadding(16);
        return chart;
    }
}
