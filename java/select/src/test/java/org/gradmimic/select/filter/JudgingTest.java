package org.gradmimic.select.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Comparing filters, and correlation over runs. */
class JudgingTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 65, 500})
    void comparisonCounts(int samples) {
        Random random = new Random(samples);
        boolean[] a = new boolean[samples];
        boolean[] b = new boolean[samples];
        double both = 0;
        double either = 0;
        double same = 0;
        for (int i = 0; i < samples; i++) {
            a[i] = random.nextInt(3) > 0;
            b[i] = random.nextBoolean();
            both += a[i] && b[i] ? 1 : 0;
            either += a[i] || b[i] ? 1 : 0;
            same += a[i] == b[i] ? 1 : 0;
        }
        FilterComparison comparison = FilterComparison.of(Filter.of(a), Filter.of(b));
        assertThat(comparison.keptByFirst()).isEqualTo(Filter.of(a).kept());
        assertThat(comparison.keptBySecond()).isEqualTo(Filter.of(b).kept());
        assertThat((double) comparison.keptByBoth()).isEqualTo(both);
        assertThat((double) comparison.keptByEither()).isEqualTo(either);
        assertThat(comparison.jaccard()).isEqualTo(either == 0 ? 1 : both / either);
        assertThat(comparison.agreement()).isEqualTo(same / samples);
        double fewer = Math.min(comparison.keptByFirst(), comparison.keptBySecond());
        assertThat(comparison.overlap()).isEqualTo(fewer == 0 ? 1 : both / fewer);
    }

    @Test
    void filtersThatKeepNothingAreAlike() {
        FilterComparison comparison = FilterComparison.of(Filter.none(0), Filter.none(0));
        assertThat(comparison.jaccard()).isEqualTo(1);
        assertThat(comparison.overlap()).isEqualTo(1);
        assertThat(comparison.agreement()).isEqualTo(1);
    }

    /** The values are those of scipy.stats.pearsonr and spearmanr. */
    @Test
    void correlationsAreScipys() {
        double[] x = {0.9, 0.81, 0.74, 0.6, 0.62, 0.4};
        double[] y = {0.0, 0.1, 0.2, 0.4, 0.4, 0.7};
        assertThat(Correlation.pearson(x, y)).isCloseTo(-0.9984623125132855, within(1e-12));
        assertThat(Correlation.spearman(x, y)).isCloseTo(-0.9856107606091623, within(1e-12));
    }

    @Test
    void ranksLeaveOnlyTheOrder() {
        double[] x = {1, 2, 3, 4, 5};
        double[] cubes = Arrays.stream(x).map(v -> v * v * v).toArray();
        assertThat(Correlation.spearman(x, cubes)).isCloseTo(1, within(1e-15));
        assertThat(Correlation.pearson(x, cubes)).isLessThan(0.99);
        double[] falling = Arrays.stream(x).map(v -> -2 * v).toArray();
        assertThat(Correlation.pearson(x, falling)).isCloseTo(-1, within(1e-15));
    }

    @Test
    void undefinedCorrelationsAreNaN() {
        assertThat(Correlation.pearson(new double[0], new double[0])).isNaN();
        assertThat(Correlation.pearson(new double[] {1}, new double[] {2})).isNaN();
        assertThat(Correlation.pearson(new double[] {0.1, 0.1, 0.1}, new double[] {1, 2, 3}))
                .isNaN();
        assertThat(Correlation.spearman(new double[] {1, 2, 3}, new double[] {0.1, 0.1, 0.1}))
                .isNaN();
        assertThatThrownBy(() -> Correlation.pearson(new double[2], new double[3]))
                .isInstanceOf(InvalidArgumentException.class);
    }
}
