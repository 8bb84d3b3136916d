package org.gradmimic.report.html;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.gradmimic.select.score.Scores;
import org.junit.jupiter.api.Test;

/** Counts and means against plain loops. */
class MeasureTest {
    private static final int EPOCHS = 3;
    private static final int SAMPLES = 70_000; // more than a block

    private static float[][] values(Random random) {
        float[][] values = new float[EPOCHS][SAMPLES];
        for (float[] epoch : values) {
            for (int i = 0; i < SAMPLES; i++)
                epoch[i] = random.nextInt(50) == 0 ? Float.NaN : (float) random.nextGaussian();
        }
        for (float[] epoch : values) epoch[7] = Float.NaN;
        values[0][8] = Float.POSITIVE_INFINITY;
        return values;
    }

    @Test
    void countsAreThoseOfLoops() {
        Random random = new Random(1);
        float[][] values = values(random);
        boolean[] mislabelled = new boolean[SAMPLES];
        int[] labels = new int[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            mislabelled[i] = random.nextInt(4) == 0;
            labels[i] = random.nextInt(3) - 1;
        }
        Measure measure = Measure.of(Measure.Kind.SCORE, Scores.of(values), new Measure.Groups(mislabelled, labels, 2));
        float[] mean = measure.mean();
        assertThat(mean[7]).isNaN();
        for (int i = 0; i < SAMPLES; i++) {
            double sum = 0;
            int seen = 0;
            for (float[] epoch : values) {
                if (!Float.isFinite(epoch[i])) continue;
                sum += epoch[i];
                seen++;
            }
            if (seen > 0) assertThat(mean[i]).isEqualTo((float) (sum / seen));
        }
        for (int k = 1; k < Measure.BINS; k += 17) {
            double edge = measure.edge(k);
            long kept = 0;
            for (float value : mean) kept += value >= edge ? 1 : 0;
            assertThat(measure.kept(k)).as("edge %d", k).isEqualTo(kept);
        }
        assertThat(measure.kept(0)).isEqualTo(SAMPLES - 1);
        assertThat(measure.edge(measure.naturalEdge())).isZero();
        int half = measure.edgeThatKeeps(SAMPLES / 2);
        assertThat(Math.abs(measure.kept(half) - SAMPLES / 2)).isLessThan(SAMPLES / 50);
    }

    @Test
    void valuesOnTheNaturalEdgeAreKept() {
        float[][] values = {new float[1000]};
        Arrays.fill(values[0], 1f);
        values[0][0] = 0.3f;
        values[0][1] = 3.7f;
        Measure measure = Measure.of(Measure.Kind.WEIGHT, Scores.of(values), new Measure.Groups(null, null, 0));
        assertThat(measure.kept(measure.naturalEdge())).isEqualTo(999);
        assertThat(measure.edge(measure.naturalEdge())).isEqualTo(1);
    }

    @Test
    void oddRangesHaveBins() {
        for (float[] values : new float[][] {
            {Float.NaN, Float.NaN}, {5f, 5f, 5f}, {0f}, {1e30f, -1e30f}, {1e-30f, 2e-30f}, {1000f, 1000.001f}
        }) {
            Measure measure = Measure.of(
                    Measure.Kind.SCORE, Scores.of(new float[][] {values}), new Measure.Groups(null, null, 0));
            Map<String, Object> json = measure.json(new DataBlock(), 0);
            assertThat((double) json.get("step"))
                    .as(Arrays.toString(values))
                    .isPositive()
                    .isFinite();
            long finite = 0;
            for (float value : values) finite += Float.isFinite(value) ? 1 : 0;
            assertThat(measure.kept(0)).isEqualTo(finite);
        }
    }

    @Test
    void extremesAreTheLowestAndTheHighest() {
        double[] suspicion = new Random(2).doubles(Listing.ALL + 50).toArray();
        suspicion[3] = Double.NaN;
        int[] listed = Listing.of(suspicion);
        assertThat(listed).hasSize(2 * Listing.EXTREMES).isSorted();
        double[] sorted =
                Arrays.stream(suspicion).filter(v -> !Double.isNaN(v)).sorted().toArray();
        for (int i : listed) {
            assertThat(suspicion[i] <= sorted[Listing.EXTREMES - 1]
                            || suspicion[i] >= sorted[sorted.length - Listing.EXTREMES])
                    .isTrue();
        }
        assertThat(Listing.of(new double[5])).containsExactly(0, 1, 2, 3, 4);
    }
}
