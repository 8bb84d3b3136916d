package org.gradmimic.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChartTest {
    @TempDir
    Path folder;

    @Test
    void panelsLieSideBySideAndShowTheirSeries() throws Exception {
        Random random = new Random(1);
        double[] clean = random.doubles(1000).toArray();
        Path path = folder.resolve("chart.png");
        Chart.writePng(
                path,
                LineChart.titled("accuracy").axes("epoch", "share").line("plain", 0.3, 0.2, 0.1),
                HistogramChart.titled("scores")
                        .axis("score")
                        .group("clean", clean)
                        .group("corrupted", clean));
        BufferedImage image = ImageIO.read(path.toFile());
        assertThat(image.getWidth()).isEqualTo(2 * Chart.WIDTH);
        assertThat(image.getHeight()).isEqualTo(Chart.HEIGHT);
        assertThat(count(image, 0, Chart.WIDTH, Chart.colour(0))).isGreaterThan(300);
        assertThat(count(image, 0, Chart.WIDTH, Chart.colour(1))).isZero();
        assertThat(count(image, Chart.WIDTH, 2 * Chart.WIDTH, Chart.colour(1))).isGreaterThan(100);
        assertThat(count(image, 0, 2 * Chart.WIDTH, Color.WHITE)).isGreaterThan(Chart.WIDTH * Chart.HEIGHT);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(path);
        }
    }

    @Test
    void missingAndOddDataAreDrawn() {
        double[] odd = {Double.NaN, Double.POSITIVE_INFINITY, -1e30, 1e30, 0, Double.MIN_VALUE};
        Path path = folder.resolve("odd.png");
        Chart.writePng(
                path,
                LineChart.titled("").axes("", ""),
                LineChart.titled("one").line("a", 3e-7),
                LineChart.titled("odd").line("a", odd).line("b", new double[0]).line("c", Double.NaN),
                HistogramChart.titled("none").axis("").group("a", new double[0]),
                HistogramChart.titled("odd").axis("x").group("a", odd).group("b", new double[] {4}));
        assertThat(path).isNotEmptyFile();
    }

    @Test
    void saysWhatAHistogramLeavesOut() {
        HistogramChart chart = HistogramChart.titled("t").group("a", new double[] {1, Double.NaN, 2});
        assertThat(chart.draw().getSeries("0").getLabel()).isEqualTo("a (2, 1 not finite)");
    }

    @Test
    void refusesByName() {
        assertThatThrownBy(() -> LineChart.titled("t").line("a", new double[2], new double[3]))
                .hasMessageContaining("line 'a': 2 x values and 3 y values");
        assertThatThrownBy(() -> Chart.writePng(folder.resolve("no/c.png"), LineChart.titled("t")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no folder");
        assertThatThrownBy(() -> Chart.writePng(folder.resolve("c.png"))).isInstanceOf(InvalidArgumentException.class);
    }

    private static int count(BufferedImage image, int from, int to, Color colour) {
        int count = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = from; x < to; x++) count += image.getRGB(x, y) == colour.getRGB() ? 1 : 0;
        }
        return count;
    }
}
