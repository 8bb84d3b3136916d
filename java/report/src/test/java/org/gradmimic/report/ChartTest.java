package org.gradmimic.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;
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
        try (Mat image = opencv_imgcodecs.imread(path.toString())) {
            assertThat(image.cols()).isEqualTo(2 * Chart.WIDTH);
            assertThat(image.rows()).isEqualTo(Chart.HEIGHT);
            byte[] bgr = new byte[image.cols() * image.rows() * 3];
            image.data().get(bgr);
            assertThat(count(bgr, 0, Chart.WIDTH, Chart.colour(0))).isGreaterThan(300);
            assertThat(count(bgr, 0, Chart.WIDTH, Chart.colour(1))).isZero();
            assertThat(count(bgr, Chart.WIDTH, 2 * Chart.WIDTH, Chart.colour(1)))
                    .isGreaterThan(100);
            assertThat(count(bgr, 0, 2 * Chart.WIDTH, 0xffffff)).isGreaterThan(Chart.WIDTH * Chart.HEIGHT);
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(path);
        }
    }

    @Test
    void aLineGoesWhereItsValuesAre() throws Exception {
        Path path = folder.resolve("chart.png");
        Chart.writePng(path, LineChart.titled("t").axes("x", "y").line("a", new double[] {0, 10}, new double[] {0, 5}));
        try (Mat image = opencv_imgcodecs.imread(path.toString())) {
            byte[] bgr = new byte[image.cols() * image.rows() * 3];
            image.data().get(bgr);
            // The plot begins at 74 and ends at 692; halfway the line is halfway up, at (94 + 412) / 2.
            assertThat(near(bgr, 383, 253, Chart.colour(0))).isTrue();
            assertThat(near(bgr, 383, 200, Chart.colour(0))).isFalse();
        }
    }

    @Test
    void missingAndOddDataAreDrawn() {
        double[] odd = {Double.NaN, Double.POSITIVE_INFINITY, -Double.MAX_VALUE, Double.MAX_VALUE, 0, Double.MIN_VALUE};
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
        assertThat(chart.legend()).containsExactly("a (2, 1 not finite)");
    }

    @Test
    void invalidArgumentsAreRefused() {
        assertThatThrownBy(() -> LineChart.titled("t").line("a", new double[2], new double[3]))
                .hasMessageContaining("line 'a': 2 x values and 3 y values");
        assertThatThrownBy(() -> Chart.writePng(folder.resolve("no/c.png"), LineChart.titled("t")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no folder");
        assertThatThrownBy(() -> Chart.writePng(folder.resolve("c.png"))).isInstanceOf(InvalidArgumentException.class);
    }

    @Test
    void foreignCharactersAreReplaced() {
        assertThat(Canvas.ascii("Café: 5 → 6\n½")).isEqualTo("Cafe: 5 ? 6?1?2");
    }

    private static boolean near(byte[] bgr, int x, int y, int colour) {
        for (int dy = -3; dy <= 3; dy++) {
            if (matches(bgr, (y + dy) * Chart.WIDTH + x, colour)) {
                return true;
            }
        }
        return false;
    }

    private static int count(byte[] bgr, int from, int to, int colour) {
        int count = 0;
        for (int i = 0; i < bgr.length / 3; i++) {
            int x = i % (2 * Chart.WIDTH);
            count += x >= from && x < to && matches(bgr, i, colour) ? 1 : 0;
        }
        return count;
    }

    private static boolean matches(byte[] bgr, int pixel, int colour) {
        return (bgr[3 * pixel] & 0xff) == (colour & 0xff)
                && (bgr[3 * pixel + 1] & 0xff) == (colour >> 8 & 0xff)
                && (bgr[3 * pixel + 2] & 0xff) == (colour >> 16 & 0xff);
    }
}
