package org.gradmimic.select.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RankSelectTest {

    /** Ties, both zeros, subnormal and large values, and a few samples without a value. */
    private static float[] scores(long seed, int samples) {
        Random random = new Random(seed);
        float[] special = {0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MAX_VALUE, -Float.MAX_VALUE, Float.NaN};
        float[] scores = new float[samples];
        for (int i = 0; i < samples; i++) {
            scores[i] = switch (random.nextInt(4)) {
                case 0 -> special[random.nextInt(special.length)];
                case 1 -> random.nextInt(5);
                default -> (float) random.nextGaussian();
            };
        }
        return scores;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 1 << 20})
    void aRankIsFoundWhateverIsSortedAtTheEnd(int few) {
        float[] floats = scores(3, 500);
        Random random = new Random(4);
        double[] doubles = random.doubles(500).map(x -> x * 1e-300).toArray();
        Values precise = new Values() {
            @Override
            public long size() {
                return doubles.length;
            }

            @Override
            public void forEach(ValueConsumer action) {
                for (int i = 0; i < doubles.length; i++) {
                    action.accept(i, doubles[i]);
                }
            }
        };
        double[] sorted = doubles.clone();
        Arrays.sort(sorted);
        double[] sortedFloats = new double[(int) RankSelect.count(Values.of(floats))];
        int next = 0;
        for (float value : floats) {
            if (!Float.isNaN(value)) {
                sortedFloats[next++] = value + 0.0;
            }
        }
        Arrays.sort(sortedFloats);
        for (int rank = 0; rank < sorted.length; rank += 13) {
            assertThat(RankSelect.descending(precise, rank, few)).isEqualTo(sorted[sorted.length - 1 - rank]);
        }
        for (int rank = 0; rank < sortedFloats.length; rank += 13) {
            assertThat(RankSelect.descending(Values.of(floats), rank, few))
                    .isEqualTo(sortedFloats[sortedFloats.length - 1 - rank]);
        }
        assertThatThrownBy(() -> RankSelect.descending(Values.of(floats), sortedFloats.length, few))
                .isInstanceOf(InvalidArgumentException.class);
    }
}
