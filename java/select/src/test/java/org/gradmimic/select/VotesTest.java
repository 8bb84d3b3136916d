package org.gradmimic.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VotesTest {

    private static final List<VoteRule> RULES =
            List.of(VoteRule.threshold(0.25f), VoteRule.twoMeans(), VoteRule.topShare(0.3));

    @Test
    void theReferenceVotesAreReproduced() throws Exception {
        float[][] scores = Npy.resource("/vectors/votes/scores.npy").floats();
        assertThat(scores).hasDimensions(5, 2000);
        assertSame(
                Votes.of(scores, VoteRule.threshold(1f / 32)),
                Npy.resource("/vectors/votes/threshold_keep.npy").booleans());
        assertSame(
                Votes.of(scores, VoteRule.twoMeans()),
                Npy.resource("/vectors/votes/kmeans_keep.npy").booleans());
    }

    private static void assertSame(Votes votes, boolean[][] keep) {
        for (int epoch = 0; epoch < keep.length; epoch++) {
            for (int i = 0; i < keep[epoch].length; i++) {
                assertThat(votes.get(epoch, i))
                        .as("epoch %d, sample %d", epoch, i)
                        .isEqualTo(keep[epoch][i] ? Votes.KEEP : Votes.DISCARD);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void permutingTheSamplesPermutesTheVotes(long seed) {
        Random random = new Random(seed);
        float[] values = randomValues(random, random.nextInt(200));
        List<Integer> order = new ArrayList<>();
        float[] permuted = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            order.add(i);
        }
        Collections.shuffle(order, random);
        for (int i = 0; i < permuted.length; i++) {
            permuted[i] = values[order.get(i)];
        }
        for (VoteRule rule : RULES) {
            Votes votes = Votes.of(new float[][] {values, permuted}, rule);
            for (int i = 0; i < permuted.length; i++) {
                assertThat(votes.get(1, i)).isEqualTo(votes.get(0, order.get(i)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aHigherValueIsNeverDiscardedForALowerOneAndNaNAbstains(long seed) {
        Random random = new Random(seed);
        float[] values = randomValues(random, 50);
        for (VoteRule rule : RULES) {
            Votes votes = Votes.of(new float[][] {values}, rule);
            for (int i = 0; i < values.length; i++) {
                assertThat(votes.get(0, i) == Votes.ABSTAIN).isEqualTo(Float.isNaN(values[i]));
                for (int j = 0; j < values.length; j++) {
                    if (values[i] >= values[j]) { // false for NaN
                        assertThat(votes.get(0, i)).isGreaterThanOrEqualTo(votes.get(0, j));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void theValuesOfUnseenSamplesAreAsIfTheyWereNotThere(long seed) {
        Random random = new Random(seed);
        float[] values = randomValues(random, 60);
        float[] seen = new float[values.length];
        int count = 0;
        for (float value : values) {
            if (!Float.isNaN(value)) {
                seen[count++] = value;
            }
        }
        for (VoteRule rule : RULES) {
            Votes all = Votes.of(new float[][] {values}, rule);
            Votes few = Votes.of(new float[][] {Arrays.copyOf(seen, count)}, rule);
            int next = 0;
            for (int i = 0; i < values.length; i++) {
                if (!Float.isNaN(values[i])) {
                    assertThat(all.get(0, i)).isEqualTo(few.get(0, next++));
                }
            }
        }
    }

    @Test
    void noneOneAndTwoSamples() {
        for (VoteRule rule : RULES) {
            assertThat(rule.keep(new float[0])).isEmpty();
            assertThat(Votes.of(new float[0][], rule).samples()).isZero();
            assertThat(Votes.of(new float[3][0], rule).epochs()).isEqualTo(3);
            assertThat(Votes.of(new float[][] {{Float.NaN, Float.NaN}}, rule).count(1, Votes.ABSTAIN))
                    .isEqualTo(1);
        }
        assertThat(VoteRule.twoMeans().keep(new float[] {-3})).containsExactly(true);
        assertThat(VoteRule.twoMeans().keep(new float[] {2, 1})).containsExactly(true, false);
        assertThat(VoteRule.twoMeans().keep(new float[] {1, 1})).containsExactly(true, true);
        assertThat(VoteRule.twoMeans().keep(new float[] {-0f, 0f})).containsExactly(true, true);
    }

    @Test
    void aThresholdKeepsWhatEqualsIt() {
        assertThat(VoteRule.threshold(1).keep(new float[] {1, Math.nextDown(1f), 2}))
                .containsExactly(true, false, true);
        assertThatIllegalArgumentException().isThrownBy(() -> VoteRule.threshold(Float.NaN));
    }

    @Test
    void aTopShareKeepsSoManyAndTheirEquals() {
        float[] hundred = new float[100];
        for (int i = 0; i < 100; i++) {
            hundred[i] = -i;
        }
        for (double share : new double[] {0, 0.01, 0.29, 0.57, 0.999, 1}) {
            int expected = (int) Math.floor(share * 100 + 1e-9); // 0.29 * 100 is 28.999999999999996
            boolean[] keep = VoteRule.topShare(share).keep(hundred);
            for (int i = 0; i < 100; i++) {
                assertThat(keep[i]).as("share %s, rank %d", share, i).isEqualTo(i < expected);
            }
        }
        assertThat(VoteRule.topShare(0.5).keep(new float[] {1, 3, 1, 1})).containsExactly(true, true, true, true);
        assertThat(VoteRule.topShare(0.25).keep(new float[] {1, 3, 1, 1})).containsExactly(false, true, false, false);
        for (double share : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThatIllegalArgumentException().isThrownBy(() -> VoteRule.topShare(share));
        }
    }

    @Test
    void anInfinityIsNamed() {
        for (VoteRule rule : RULES) {
            assertThatThrownBy(() -> Votes.of(new float[][] {{0, 1}, {0, Float.NEGATIVE_INFINITY}}, rule))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("epoch 1, sample 1")
                    .hasMessageContaining("-Infinity");
        }
    }

    @Test
    void raggedEpochsAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Votes.of(new float[][] {{0, 1}, {0}}, VoteRule.twoMeans()))
                .withMessage("epoch 1 has 1 samples, epoch 0 has 2");
    }

    /** Some ties and some NaN. */
    private static float[] randomValues(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = switch (random.nextInt(4)) {
                case 0 -> Float.NaN;
                case 1 -> random.nextInt(4) / 4f;
                default -> (float) random.nextGaussian();
            };
        }
        return values;
    }
}
