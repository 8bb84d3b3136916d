package org.gradmimic.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AggregationTest {

    private static final float NONE = Float.NaN;

    @Test
    void theMajorityOfThoseThatVotedDecidesAndTiesDiscard() {
        float[][] scores = {
            // keep 2:1, 1:2, tie, kept by the only vote, discarded by it, never seen
            {1, 1, 1, 1, 0, NONE},
            {1, 0, 0, NONE, NONE, NONE},
            {0, 0, NONE, NONE, NONE, NONE}
        };
        assertThat(Aggregation.majority(Votes.of(scores, VoteRule.threshold(1))))
                .containsExactly(true, false, false, true, false, false);
    }

    @Test
    void theMeanIsThatOfTheEpochsInWhichASampleWasSeen() {
        float[][] scores = {{1, 4, NONE, NONE}, {3, NONE, -2, NONE}};
        assertThat(Aggregation.meanScores(scores)).containsExactly(2, 4, -2, NONE);
        assertThat(Aggregation.meanScore(scores, VoteRule.threshold(2))).containsExactly(true, true, false, false);
    }

    @Test
    void theMeanOfTheLargestFloatsDoesNotOverflow() {
        float[][] scores = {{Float.MAX_VALUE}, {Float.MAX_VALUE}};
        assertThat(Aggregation.meanScores(scores)).containsExactly(Float.MAX_VALUE);
    }

    @Test
    void nothingGivesNothing() {
        assertThat(Aggregation.majority(Votes.of(new float[0][], VoteRule.twoMeans())))
                .isEmpty();
        assertThat(Aggregation.meanScores(new float[0][])).isEmpty();
        assertThat(Aggregation.meanScore(new float[2][0], VoteRule.twoMeans())).isEmpty();
    }

    @Test
    void anInfinityAndRaggedEpochsAreNamed() {
        assertThatThrownBy(() -> Aggregation.meanScores(new float[][] {{0, Float.POSITIVE_INFINITY}}))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("epoch 0, sample 1");
        assertThatIllegalArgumentException().isThrownBy(() -> Aggregation.meanScores(new float[][] {{0}, {}}));
    }

    /** METHOD's remark on the reference vectors: the majority of good votes finds the noise. */
    @Test
    void theReferenceScoresFindTheNoise() throws Exception {
        float[][] scores = Npy.resource("/vectors/votes/scores.npy").floats();
        boolean[] clean = Npy.resource("/vectors/votes/clean.npy").booleans()[0];
        boolean[] mislabelled = new boolean[clean.length];
        for (int i = 0; i < clean.length; i++) {
            mislabelled[i] = !clean[i];
        }
        Detection byVotes = Detection.of(Aggregation.majority(Votes.of(scores, VoteRule.twoMeans())), mislabelled);
        Detection byMean = Detection.of(Aggregation.meanScore(scores, VoteRule.twoMeans()), mislabelled);
        assertThat(byVotes.f1()).isGreaterThan(0.95);
        assertThat(byMean.f1()).isGreaterThan(0.95);
        assertThat(byVotes.keptShare()).isBetween(0.55, 0.65); // 59.2 % are clean
    }
}
