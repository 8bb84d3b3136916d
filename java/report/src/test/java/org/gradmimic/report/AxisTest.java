package org.gradmimic.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AxisTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | 1 | 0 0.2 0.4 0.6 0.8 1.0",
                "0.46 | 0.72 | 0.45 0.50 0.55 0.60 0.65 0.70 0.75",
                "-3 | 3 | -3 -2 -1 0 1 2 3",
                "1 | 60 | 0 10 20 30 40 50 60",
                "0 | 0.0004 | 0 1e-04 2e-04 3e-04 4e-04",
                "0 | 2500000 | 0 5e+05 1.0e+06 1.5e+06 2.0e+06 2.5e+06",
                "5 | 5 | 2 3 4 5 6 7 8",
                "0 | 0 | -1.0 -0.5 0 0.5 1.0",
                "NaN | NaN | 0 0.2 0.4 0.6 0.8 1.0",
            })
    void ticksAreNiceNumbers(double least, double most, String expected) {
        Axis axis = Axis.rounded(least, most);
        assertThat(Arrays.stream(axis.ticks()).mapToObj(axis::text)).containsExactly(expected.split(" "));
    }

    @Test
    void aRoundedAxisCoversTheDataWithAHandfulOfTicks() {
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            double scale = Math.pow(10, random.nextInt(40) - 20);
            double least = (random.nextDouble() - 0.5) * scale;
            double most = least + random.nextDouble() * scale;
            Axis axis = Axis.rounded(least, most);
            double slack = 1e-6 * (most - least);
            assertThat(axis.from()).as("seed %d", seed).isLessThanOrEqualTo(least + slack);
            assertThat(axis.to()).as("seed %d", seed).isGreaterThanOrEqualTo(most - slack);
            assertThat(axis.ticks().length).as("seed %d", seed).isBetween(3, 9);
            assertThat(axis.position(axis.from())).isZero();
            assertThat(axis.position(axis.to())).isEqualTo(1);
        }
    }
}
