package org.gradmimic.select.vote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.assertj.core.data.Percentage;
import org.gradmimic.select.Npy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MixtureTest {

    /** scikit-learn's parameters at the maximum of the likelihood, without its floor under the variances. */
    @Test
    void theReferenceVectorsAreReproduced() throws Exception {
        float[][] scores = Npy.resource("/vectors/votes/scores.npy").floats();
        double[][] parameters =
                Npy.resource("/vectors/votes/gmm_parameters_high_then_low.npy").doubles();
        boolean[][] votes = Npy.resource("/vectors/votes/gmm_keep.npy").booleans();
        int different = 0;
        for (int epoch = 0; epoch < 5; epoch++) {
            Decision decision = Passes.decide(Binarizer.mixture(), scores[epoch]);
            double[] expected = parameters[epoch];
            assertClose(decision.mixture().high(), expected[0], expected[1], expected[2], 1e-3);
            assertClose(decision.mixture().low(), expected[3], expected[4], expected[5], 1e-3);
            assertThat(decision.notes()).isEmpty();
            for (int i = 0; i < 2000; i++) {
                different += decision.cut().keeps(scores[epoch][i]) == votes[epoch][i] ? 0 : 1;
            }
        }
        assertThat(different).isLessThanOrEqualTo(10); // of 10,000
    }

    /** The slow twin is plain EM on the values themselves, from the same basin, until it stands still. */
    @ParameterizedTest
    @CsvSource({
        // share of high, mean and deviation of high and low
        "0.6, 1, 0.2, 0, 0.2",
        "0.5, 100.05, 0.01, 99.95, 0.02",
        "0.3, 5, 2, 0, 1",
        "0.9, 0, 0.001, -1, 0.5",
        "0.5, 1e-20, 3e-21, -1e-20, 3e-21",
        "0.7, 1e20, 3e19, 1e19, 1e18",
        "0.5, 1000.5, 0.1, 0, 300",
    })
    void valuesThatWereDrawnFromAMixtureGiveItsMaximumOfTheLikelihood(
            double share, double highMean, double highSigma, double lowMean, double lowSigma) {
        float[] values = draw(new Random(5), 20_000, share, highMean, highSigma, lowMean, lowSigma);
        Mixture mixture = Passes.decide(Binarizer.mixture(), values).mixture();
        Mixture slow = SlowEm.run(
                values,
                new Mixture(
                        new Mixture.Component(share, highMean, highSigma * highSigma),
                        new Mixture.Component(1 - share, lowMean, lowSigma * lowSigma),
                        0,
                        false));
        assertThat(mixture.converged()).isTrue();
        assertClose(
                mixture.high(),
                slow.high().weight(),
                slow.high().mean(),
                slow.high().variance(),
                1e-4);
        assertClose(
                mixture.low(),
                slow.low().weight(),
                slow.low().mean(),
                slow.low().variance(),
                1e-4);
        assertThat(mixture.logLikelihood()).isCloseTo(slow.logLikelihood(), within(1e-5));
    }

    @Test
    void anOutlierFarAwayIsNamedAndTheRestIsFitted() {
        Random random = new Random(1);
        float[] values = new float[10_001];
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < 10_000; i++) {
            values[i] = (float) (100 + 0.1 * random.nextGaussian());
            sum += values[i] - 100;
            squares += (values[i] - 100) * (values[i] - 100);
        }
        values[10_000] = -1;
        Decision decision = Passes.decide(Binarizer.mixture(), values);
        double mean = sum / 10_000;
        assertClose(decision.mixture().high(), 10_000.0 / 10_001, 100 + mean, squares / 10_000 - mean * mean, 1e-6);
        assertThat(decision.mixture().low().mean()).isEqualTo(-1);
        assertThat(decision.notes()).containsExactly("the low component is a single value, -1.0 (1 of 10001)");
        assertThat(decision.cut().keeps(-1)).isFalse();
        for (int i = 0; i < 10_000; i++) {
            assertThat(decision.cut().keeps(values[i])).isTrue();
        }
    }

    /** Two groups near 100, closer together than a bin is wide; the outlier must not hide them. */
    @Test
    void anOutlierDoesNotHideTwoGroups() {
        float[] values = draw(new Random(2), 10_001, 0.5, 100.1, 0.02, 99.9, 0.02);
        values[10_000] = -1;
        Decision decision = Passes.decide(Binarizer.mixture(), values);
        int kept = 0;
        for (float value : values) {
            if (decision.cut().keeps(value)) {
                assertThat(value).isGreaterThan(100);
                kept++;
            }
        }
        assertThat(kept).isBetween(4_700, 5_300);
    }

    @Test
    void aSpikeIsAComponentAndReported() {
        Random random = new Random(3);
        float[] values = new float[1000];
        for (int i = 0; i < 1000; i++) {
            values[i] = i < 300 ? 0 : (float) (1 + 0.1 * random.nextGaussian());
        }
        Decision decision = Passes.decide(Binarizer.mixture(), values);
        assertThat(decision.notes()).containsExactly("the low component is a single value, 0.0 (300 of 1000)");
        assertThat(decision.mixture().low().weight()).isCloseTo(0.3, within(1e-12));
        for (int i = 0; i < 1000; i++) {
            assertThat(decision.cut().keeps(values[i])).isEqualTo(i >= 300);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5, 10})
    void fewValues(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = i;
        }
        boolean[] keep = Passes.keep(Binarizer.mixture(), values);
        assertThat(keep[0]).isFalse();
        assertThat(keep[n - 1]).isTrue();
    }

    @Test
    void onlyOneValue() {
        for (float[] values : new float[][] {{3}, {-7, -7, -7}, {0, -0f}}) {
            Decision decision = Passes.decide(Binarizer.mixture(), values);
            assertThat(decision.cut()).isEqualTo(Cut.ALL);
            assertThat(decision.notes()).containsExactly("all values are equal: all are kept");
        }
        assertThat(Passes.decide(Binarizer.mixture()).cut()).isEqualTo(Cut.NONE);
    }

    @Test
    void oneGroupIsReported() {
        Random random = new Random(4);
        float[] values = new float[5000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        assertThat(Passes.decide(Binarizer.mixture(), values).notes())
                .containsExactly("one normal distribution fits as well: the values don't fall into two groups");
    }

    /** Where the high component is wider, values far below belong to it; where it is narrower, values far above don't. */
    @Test
    void theCutIsWhereTheLogOddsChangeTheirSign() {
        Random random = new Random(6);
        for (int round = 0; round < 200; round++) {
            double scale = Math.pow(10, random.nextInt(40) - 20);
            Mixture mixture = new Mixture(
                    new Mixture.Component(
                            0.5, scale * (1 + random.nextDouble()), Math.pow(scale * random.nextDouble(), 2)),
                    new Mixture.Component(0.5, scale * random.nextDouble(), Math.pow(scale * random.nextDouble(), 2)),
                    0,
                    true);
            Cut cut = mixture.cut();
            for (int i = 0; i < 1000; i++) {
                float value = (float) (scale * 4 * random.nextGaussian());
                double logOdds = mixture.logOdds().applyAsDouble(value);
                if (Math.abs(logOdds) > 1e-9) { // rounding of the log odds
                    assertThat(cut.keeps(value)).as("%s at %s", mixture, value).isEqualTo(logOdds > 0);
                }
            }
        }
    }

    private static float[] draw(
            Random random, int n, double share, double highMean, double highSigma, double lowMean, double lowSigma) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float)
                    (random.nextDouble() < share
                            ? highMean + highSigma * random.nextGaussian()
                            : lowMean + lowSigma * random.nextGaussian());
        }
        return values;
    }

    private static void assertClose(
            Mixture.Component component, double weight, double mean, double variance, double relative) {
        Percentage percentage = Percentage.withPercentage(100 * relative);
        assertThat(component.weight()).isCloseTo(weight, percentage);
        // A mean near 0 is known to a part of the standard deviation, not of itself.
        assertThat(component.mean()).isCloseTo(mean, within(relative * Math.max(Math.abs(mean), Math.sqrt(variance))));
        assertThat(component.variance()).isCloseTo(variance, percentage);
    }
}
