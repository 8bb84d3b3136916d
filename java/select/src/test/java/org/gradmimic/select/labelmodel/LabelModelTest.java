package org.gradmimic.select.labelmodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.OptionalDouble;
import java.util.Random;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.select.Npy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LabelModelTest {

    private static final OptionalDouble UNKNOWN = OptionalDouble.empty();

    private static long[] referencePatterns() throws Exception {
        boolean[][] votes = Npy.resource("/vectors/votes/gmm_keep.npy").booleans();
        long[] patterns = new long[votes[0].length];
        for (int i = 0; i < patterns.length; i++) {
            for (int epoch = 0; epoch < votes.length; epoch++) {
                patterns[i] = VotePatterns.with(
                        patterns[i], epoch, votes[epoch][i] ? VotePatterns.KEEP : VotePatterns.DISCARD);
            }
        }
        return patterns;
    }

    private static VotePatterns counted(int sources, long... patterns) {
        VotePatterns counts = new VotePatterns(sources);
        for (long pattern : patterns) {
            counts.add(pattern);
        }
        return counts;
    }

    @Test
    void withAKnownBalanceTheReferencesProbabilitiesComeOut() throws Exception {
        long[] patterns = referencePatterns();
        double[] expected = Npy.resource("/vectors/votes/label_model_known_balance_prob.npy")
                .doubles()[0];
        LabelModel model = LabelModel.fit(counted(5, patterns), OptionalDouble.of(0.592));
        for (int i = 0; i < patterns.length; i++) {
            assertThat(model.probability(patterns[i]))
                    .as("sample %d, votes %x", i, patterns[i])
                    .isCloseTo(expected[i], within(0.02));
        }
        assertThat(model.notes()).isEmpty();
    }

    @Test
    void withTheBalanceUnknownTheTruthComesOut() throws Exception {
        long[] patterns = referencePatterns();
        boolean[] clean = Npy.resource("/vectors/votes/clean.npy").booleans()[0];
        LabelModel model = LabelModel.fit(counted(5, patterns), UNKNOWN);
        int right = 0;
        int majority = 0;
        for (int i = 0; i < patterns.length; i++) {
            right += model.keeps(patterns[i]) == clean[i] ? 1 : 0;
            majority += VotePatterns.keeps(patterns[i]) > 2 == clean[i] ? 1 : 0;
        }
        assertThat(right).isGreaterThanOrEqualTo(majority);
        assertThat(model.balance()).isCloseTo(0.592, within(0.01));
    }

    /** The slow twin is plain EM on the samples one by one, from the truth. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void drawnVotesGiveTheMaximumOfTheLikelihood(long seed) {
        Random random = new Random(seed);
        int sources = 3 + random.nextInt(4);
        double balance = 0.15 + 0.7 * random.nextDouble();
        double[] keep = new double[sources];
        double[] discard = new double[sources];
        for (int j = 0; j < sources; j++) {
            keep[j] = 0.75 + 0.2 * random.nextDouble();
            discard[j] = 0.75 + 0.2 * random.nextDouble();
        }
        long[] patterns = draw(random, 20_000, balance, keep, discard, seed % 2 == 0 ? 0.2 : 0);
        boolean known = seed % 3 == 0;
        LabelModel model = LabelModel.fit(counted(sources, patterns), known ? OptionalDouble.of(balance) : UNKNOWN);
        double slowBalance = slowEm(patterns, balance, keep, discard, known);
        assertThat(model.balance()).isCloseTo(slowBalance, within(1e-5));
        assertThat(model.keepAccuracy()).containsExactly(keep, within(1e-5));
        assertThat(model.discardAccuracy()).containsExactly(discard, within(1e-5));
        assertThat(model.confidence()).isBetween(0.5, 1.0);
    }

    /** Overwrites the accuracies with those of the maximum, and returns the balance. */
    private static double slowEm(long[] patterns, double balance, double[] keep, double[] discard, boolean known) {
        double pi = balance;
        for (int step = 0; step < 1_000; step++) {
            double worth = 0;
            double seen = 0;
            double[][] sums = new double[4][keep.length];
            for (long pattern : patterns) {
                if (pattern == 0) {
                    continue;
                }
                double yes = pi * likelihood(pattern, keep, discard, true);
                double no = (1 - pi) * likelihood(pattern, keep, discard, false);
                double r = yes / (yes + no);
                worth += r;
                seen++;
                for (int j = 0; j < keep.length; j++) {
                    int vote = VotePatterns.vote(pattern, j);
                    if (vote != VotePatterns.ABSTAIN) {
                        sums[0][j] += r;
                        sums[1][j] += vote == VotePatterns.KEEP ? r : 0;
                        sums[2][j] += 1 - r;
                        sums[3][j] += vote == VotePatterns.DISCARD ? 1 - r : 0;
                    }
                }
            }
            double moved = 0;
            for (int j = 0; j < keep.length; j++) {
                moved = Math.max(moved, Math.abs(sums[1][j] / sums[0][j] - keep[j]));
                keep[j] = sums[1][j] / sums[0][j];
                discard[j] = sums[3][j] / sums[2][j];
            }
            pi = known ? pi : worth / seen;
            if (moved < 1e-9) {
                break;
            }
        }
        return pi;
    }

    /** Most epochs better than chance, one worse: nothing is turned round but that epoch's votes. */
    @ParameterizedTest
    @CsvSource({"0.5", "0.3", "0.8"})
    void anEpochThatIsWrongMoreOftenThanRightIsUsedTheOtherWayRoundAndNamed(double balance) {
        double[] keep = {0.9, 0.85, 0.8, 0.2};
        double[] discard = {0.9, 0.8, 0.85, 0.2};
        long[] patterns = draw(new Random(8), 30_000, balance, keep, discard, 0);
        LabelModel model = LabelModel.fit(counted(4, patterns), UNKNOWN);
        assertThat(model.balance()).isCloseTo(balance, within(0.02));
        assertThat(model.keepAccuracy()).containsExactly(keep, within(0.03));
        assertThat(model.discardAccuracy()).containsExactly(discard, within(0.03));
        assertThat(model.notes())
                .hasSize(1)
                .allSatisfy(note -> assertThat(note).startsWith("epoch 3 is worse than chance"));
    }

    @Test
    void aRightBalanceIsKeptWithoutNotes() {
        long[] patterns =
                draw(new Random(9), 30_000, 0.9, new double[] {0.7, 0.7, 0.7}, new double[] {0.7, 0.7, 0.7}, 0);
        LabelModel right = LabelModel.fit(counted(3, patterns), OptionalDouble.of(0.9));
        assertThat(right.notes()).isEmpty();
        assertThat(right.balance()).isEqualTo(0.9);
    }

    /** The share of noise in the place of the share worth keeping: exchanging the kinds explains the votes best. */
    @ParameterizedTest
    @CsvSource({"0.7, 0.3", "0.3, 0.7", "0.6, 0.3", "0.9, 0.1", "0.2, 0.95"})
    void aBalanceLikeThatOfTheNoiseIsReportedAndEpochsStayBetterThanChance(double balance, double given) {
        double[] keep = {0.8, 0.9, 0.85, 0.75};
        double[] discard = {0.9, 0.8, 0.75, 0.85};
        long[] patterns = draw(new Random(13), 30_000, balance, keep, discard, 0.1);
        LabelModel model = LabelModel.fit(counted(4, patterns), OptionalDouble.of(given));
        assertThat(model.balance()).isEqualTo(given);
        assertThat(model.notes())
                .anySatisfy(note -> assertThat(note).startsWith("with this class balance the votes fit best if most"));
        double skill = 0;
        for (int j = 0; j < keep.length; j++) {
            skill += model.keepAccuracy()[j] + model.discardAccuracy()[j] - 1;
        }
        assertThat(skill).isPositive();

        // The one that the note speaks of: EM on single samples from the exchanged truth is likelier.
        double[] wrongKeep = new double[keep.length];
        double[] wrongDiscard = new double[keep.length];
        for (int j = 0; j < keep.length; j++) {
            wrongKeep[j] = 1 - discard[j];
            wrongDiscard[j] = 1 - keep[j];
        }
        slowEm(patterns, given, wrongKeep, wrongDiscard, true);
        assertThat(logLikelihood(patterns, given, wrongKeep, wrongDiscard))
                .isGreaterThan(logLikelihood(patterns, given, model.keepAccuracy(), model.discardAccuracy()) + 4.5);
    }

    /** Off, but nearer to what is worth keeping than to the noise: nothing to report. */
    @ParameterizedTest
    @CsvSource({"0.7, 0.8", "0.7, 0.6", "0.3, 0.1", "0.5, 0.5", "0.52, 0.5"})
    void aBalanceThatIsOnlyInexactIsNotTakenForThatOfTheNoise(double balance, double given) {
        double[] keep = {0.8, 0.9, 0.85, 0.75};
        double[] discard = {0.9, 0.8, 0.75, 0.85};
        long[] patterns = draw(new Random(14), 30_000, balance, keep, discard, 0.1);
        LabelModel model = LabelModel.fit(counted(4, patterns), OptionalDouble.of(given));
        assertThat(model.notes()).isEmpty();
        for (int j = 0; j < keep.length; j++) {
            assertThat(model.keepAccuracy()[j] + model.discardAccuracy()[j]).isGreaterThan(1.2);
        }
    }

    private static double logLikelihood(long[] patterns, double balance, double[] keep, double[] discard) {
        double sum = 0;
        for (long pattern : patterns) {
            sum += Math.log(balance * likelihood(pattern, keep, discard, true)
                    + (1 - balance) * likelihood(pattern, keep, discard, false));
        }
        return sum;
    }

    /** Of a sample's votes, if it is worth keeping or if it is not. */
    private static double likelihood(long pattern, double[] keep, double[] discard, boolean worth) {
        double product = 1;
        for (int j = 0; j < keep.length; j++) {
            int vote = VotePatterns.vote(pattern, j);
            double accuracy = worth ? keep[j] : discard[j];
            boolean right = vote == (worth ? VotePatterns.KEEP : VotePatterns.DISCARD);
            if (vote != VotePatterns.ABSTAIN) product *= right ? accuracy : 1 - accuracy;
        }
        return product;
    }

    @Test
    void aSampleWithoutVotesHasTheBalanceAsItsProbabilityAndIsDiscarded() {
        double[] accuracy = {0.9, 0.8, 0.85};
        long[] patterns = draw(new Random(10), 10_000, 0.7, accuracy, accuracy, 0.3);
        LabelModel model = LabelModel.fit(counted(3, patterns), UNKNOWN);
        assertThat(model.probability(0)).isCloseTo(model.balance(), within(1e-12));
        assertThat(model.keeps(0)).isFalse();
        assertThat(model.keeps(VotePatterns.with(0, 1, VotePatterns.KEEP))).isTrue();
    }

    @Test
    void unanimousEpochsAreFine() {
        VotePatterns patterns = new VotePatterns(3);
        patterns.add(0b101010, 70);
        patterns.add(0b010101, 30);
        LabelModel model = LabelModel.fit(patterns, UNKNOWN);
        assertThat(model.balance()).isCloseTo(0.7, within(1e-6));
        assertThat(model.keeps(0b101010)).isTrue();
        assertThat(model.keeps(0b010101)).isFalse();
        assertThat(model.confidence()).isCloseTo(1, within(1e-6));
    }

    @Test
    void votesThatDetermineNothingAreRefused() {
        refused(new VotePatterns(0), "there are 0 epochs");
        refused(counted(1, 1, 2, 2), "there is 1 epoch");
        refused(counted(2, 5, 10, 10, 10), "there are 2 epochs");
        refused(new VotePatterns(3), "no three epochs");
        refused(counted(3, 0b101010), "no three epochs");
        double[] half = {0.5, 0.5, 0.5, 0.5};
        refused(counted(4, draw(new Random(11), 1000, 0.5, half, half, 0)), "no three epochs");
        assertThatThrownBy(() -> new VotePatterns(33))
                .isInstanceOf(InputException.class)
                .hasMessage("votes of 33 epochs; the label model takes at most 32 of them");
        for (double balance : new double[] {0, 1, -0.5, Double.NaN}) {
            assertThatExceptionOfType(InvalidArgumentException.class)
                    .isThrownBy(() -> LabelModel.fit(new VotePatterns(3), OptionalDouble.of(balance)));
        }
    }

    private static void refused(VotePatterns patterns, String reason) {
        assertThatThrownBy(() -> LabelModel.fit(patterns, UNKNOWN))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("the votes do not determine a label model: " + reason)
                .hasMessageEndingWith("use the majority or the mean");
    }

    @Test
    void theOrderOfSamplesAndTheWayTheyWereSplitUpDoNotMatter() {
        Random random = new Random(12);
        double[] accuracy = {0.9, 0.6, 0.7, 0.8, 0.75};
        long[] patterns = draw(random, 5_000, 0.4, accuracy, accuracy, 0.5);
        VotePatterns forwards = counted(5, patterns);
        VotePatterns parts = new VotePatterns(5);
        for (int part = 6; part >= 0; part--) {
            VotePatterns counts = new VotePatterns(5);
            for (int i = part; i < patterns.length; i += 7) {
                counts.add(patterns[i]);
            }
            parts.merge(counts);
        }
        assertThat(parts).isEqualTo(forwards).hasSameHashCodeAs(forwards);
        assertThat(parts.samples()).isEqualTo(5_000);
        LabelModel one = LabelModel.fit(forwards, UNKNOWN);
        LabelModel other = LabelModel.fit(parts, UNKNOWN);
        for (long pattern : forwards.patterns()) {
            assertThat(other.probability(pattern)).isEqualTo(one.probability(pattern)); // to the last bit
        }
        assertThatExceptionOfType(InvalidArgumentException.class).isThrownBy(() -> parts.merge(new VotePatterns(4)));
    }

    @Test
    void patternsOf32Epochs() {
        long pattern = 0;
        for (int epoch = 0; epoch < 32; epoch++) {
            pattern = VotePatterns.with(pattern, epoch, epoch % 3);
        }
        for (int epoch = 0; epoch < 32; epoch++) {
            assertThat(VotePatterns.vote(pattern, epoch)).isEqualTo(epoch % 3);
        }
        assertThat(VotePatterns.discards(pattern)).isEqualTo(11);
        assertThat(VotePatterns.keeps(pattern)).isEqualTo(10);
        VotePatterns counts = counted(32, pattern, 1, pattern);
        assertThat(counts.patterns()).containsExactly(1, pattern);
        assertThat(counts.count(pattern)).isEqualTo(2);
        assertThat(counts.count(7)).isZero();
    }

    private static long[] draw(
            Random random, int n, double balance, double[] keep, double[] discard, double abstaining) {
        long[] patterns = new long[n];
        for (int i = 0; i < n; i++) {
            boolean worth = random.nextDouble() < balance;
            for (int j = 0; j < keep.length; j++) {
                boolean right = random.nextDouble() < (worth ? keep[j] : discard[j]);
                if (random.nextDouble() >= abstaining) {
                    patterns[i] = VotePatterns.with(
                            patterns[i], j, right == worth ? VotePatterns.KEEP : VotePatterns.DISCARD);
                }
            }
        }
        return patterns;
    }
}
