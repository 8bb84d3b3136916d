package org.gradmimic.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.Blocks;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.labelmodel.LabelModel;
import org.gradmimic.select.labelmodel.VotePatterns;
import org.gradmimic.select.score.Classes;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.vote.Binarizer;
import org.gradmimic.select.vote.Cut;
import org.gradmimic.select.vote.Decision;
import org.gradmimic.select.vote.Passes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectorTest {

    private static final float NONE = Float.NaN;

    private static final List<Binarizer> BINARIZERS = List.of(
            Binarizer.threshold(0.1f),
            Binarizer.kMeans(),
            Binarizer.mixture(),
            Binarizer.topShare(0.4),
            Binarizer.bottomShare(0.4));

    @TempDir
    Path folder;

    /** Two kinds of samples, the epochs' scores of a sample alike, some not seen. */
    private static float[][] scores(Random random, int epochs, int samples) {
        float[][] scores = new float[epochs][samples];
        for (int i = 0; i < samples; i++) {
            boolean clean = random.nextInt(5) < 3;
            for (int epoch = 0; epoch < epochs; epoch++) {
                scores[epoch][i] =
                        random.nextInt(10) == 0 ? NONE : (float) ((clean ? 0.3 : -0.1) + 0.15 * random.nextGaussian());
            }
        }
        return scores;
    }

    /** The slow twin: arrays, a sample after the other. */
    private static boolean[] slow(float[][] scores, Binarizer binarizer, VoteAggregation combination, int[] classes) {
        int samples = scores.length == 0 ? 0 : scores[0].length;
        float[][] values = combination == VoteAggregation.MEAN ? new float[][] {means(scores, samples)} : scores;
        int classCount = Arrays.stream(classes).max().orElse(-1) + 1;
        long[] patterns = new long[samples];
        for (int epoch = 0; epoch < values.length; epoch++) {
            for (int c = 0; c < classCount; c++) {
                float[] ofClass = new float[samples];
                for (int i = 0; i < samples; i++) {
                    ofClass[i] = classes[i] == c ? values[epoch][i] : NONE;
                }
                Cut cut = Passes.decide(binarizer, ofClass).cut();
                for (int i = 0; i < samples; i++) {
                    if (!Float.isNaN(ofClass[i])) {
                        int vote = cut.keeps(ofClass[i]) ? VotePatterns.KEEP : VotePatterns.DISCARD;
                        patterns[i] = VotePatterns.with(patterns[i], epoch, vote);
                    }
                }
            }
        }
        boolean[] keep = new boolean[samples];
        if (combination == VoteAggregation.LABEL_MODEL) {
            VotePatterns counts = new VotePatterns(values.length);
            Arrays.stream(patterns).forEach(counts::add);
            LabelModel model = LabelModel.fit(counts, OptionalDouble.empty());
            for (int i = 0; i < samples; i++) {
                keep[i] = model.keeps(patterns[i]);
            }
        } else {
            for (int i = 0; i < samples; i++) {
                keep[i] = VotePatterns.keeps(patterns[i]) > VotePatterns.discards(patterns[i]);
            }
        }
        return keep;
    }

    private static float[] means(float[][] scores, int samples) {
        float[] means = new float[samples];
        for (int i = 0; i < samples; i++) {
            double sum = 0;
            int seen = 0;
            for (float[] epoch : scores) {
                if (!Float.isNaN(epoch[i])) {
                    sum += epoch[i];
                    seen++;
                }
            }
            means[i] = (float) (sum / seen);
        }
        return means;
    }

    @ParameterizedTest
    @EnumSource
    void everyRuleGivesTheFilterOfTheSlowTwin(VoteAggregation combination) {
        // Above a block, so that there are several.
        float[][] scores = scores(new Random(1), 4, Blocks.BLOCK + 12_345);
        int[] one = new int[scores[0].length];
        for (Binarizer binarizer : BINARIZERS) {
            Selection selection = new Selector(Scores.of(scores), FilterSpec.of(binarizer, combination)).run();
            assertThat(selection.filter())
                    .isEqualTo(Filter.of(slow(scores, binarizer, combination, one)))
                    .isEqualTo(new Selector(Scores.of(scores), FilterSpec.of(binarizer, combination))
                            .threads(3)
                            .run()
                            .filter());
            assertThat(selection.epochs()).hasSize(combination == VoteAggregation.MEAN ? 1 : 4);
        }
    }

    @ParameterizedTest
    @EnumSource
    void perClassEveryClassHasARuleOfItsOwn(VoteAggregation combination) {
        Random random = new Random(2);
        float[][] scores = scores(random, 3, 5_000);
        int[] classes = new int[5_000];
        long[] labels = new long[5_000];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = random.nextInt(4) == 0 ? 7 : random.nextInt(3); // classes 3 to 6 are empty
            labels[i] = classes[i];
            for (float[] epoch : scores) {
                epoch[i] += classes[i];
            }
        }
        Path file = folder.resolve("y.npy");
        NpyWriter.write(file, labels, labels.length);
        for (Binarizer binarizer : BINARIZERS) {
            try (Classes ofFile = Classes.npy(file)) {
                assertThat(ofFile.count()).isEqualTo(8);
                Selection selection = new Selector(Scores.of(scores), FilterSpec.of(binarizer, combination))
                        .perClass(ofFile)
                        .threads(2)
                        .run();
                assertThat(selection.filter()).isEqualTo(Filter.of(slow(scores, binarizer, combination, classes)));
                assertThat(selection.epochs().get(0).decisions()).hasSize(8);
                assertThat(selection.epochs().get(0).seen()).isGreaterThan(4_000);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void scoresThatAreAllNaNAreRefused(VoteAggregation aggregation) {
        Scores none = Scores.of(new float[][] {{NONE, NONE, NONE}, {NONE, NONE, NONE}});
        assertThatThrownBy(() -> new Selector(none, FilterSpec.of(Binarizer.threshold(0), aggregation)).run())
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("all values are NaN")
                .hasMessageContaining("of 3 samples: there is nothing to filter by");
    }

    @Test
    void moreEpochsMustKeepThanDiscard() {
        float[][] scores = {{1, 1, 0, NONE, NONE, 0}, {1, 0, 0, 1, NONE, NONE}};
        Selection selection =
                new Selector(Scores.of(scores), FilterSpec.of(Binarizer.threshold(1), VoteAggregation.MAJORITY)).run();
        assertThat(selection.filter().toBooleans()).containsExactly(true, false, false, true, false, false);
        assertThat(selection.epochs().get(0))
                .isEqualTo(new EpochVotes(4, 0.5, 2, List.of(new Decision(Cut.atLeast(1), null, List.of()))));
    }

    @Test
    void theMeanIsThatOfTheEpochsInWhichASampleWasSeen() {
        Scores scores = Scores.of(new float[][] {{1, 4, NONE, NONE}, {3, NONE, -2, NONE}});
        float[] means = new float[4];
        scores.mean().read(0, 0, 4, means);
        assertThat(means).containsExactly(2, 4, -2, NONE);
        assertThat(new Selector(scores, FilterSpec.of(Binarizer.threshold(2), VoteAggregation.MEAN))
                        .run()
                        .filter()
                        .toBooleans())
                .containsExactly(true, true, false, false);
        Scores.of(new float[][] {{Float.MAX_VALUE}, {Float.MAX_VALUE}}).mean().read(0, 0, 1, means);
        assertThat(means[0]).isEqualTo(Float.MAX_VALUE);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0, 3", "1, 0", "1, 1", "3, 0", "3, 1", "3, 2"})
    void hardlyAnyEpochsOrSamples(int epochs, int samples) {
        float[][] scores = new float[epochs][samples];
        for (Binarizer binarizer : BINARIZERS) {
            for (VoteAggregation combination : List.of(VoteAggregation.MAJORITY, VoteAggregation.MEAN)) {
                Filter filter = new Selector(Scores.of(scores), FilterSpec.of(binarizer, combination))
                        .run()
                        .filter();
                int n = epochs == 0 ? 0 : samples;
                assertThat(filter).isEqualTo(Filter.of(slow(scores, binarizer, combination, new int[n])));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {33, 40})
    void theMajorityTakesAnyNumberOfEpochs(int epochs) {
        float[][] scores = new float[epochs][3];
        for (int epoch = 0; epoch < epochs; epoch++) {
            scores[epoch] = new float[] {epoch % 2, epoch == 0 ? 0 : 1, epoch < epochs / 2 ? 0 : NONE};
        }
        assertThat(new Selector(Scores.of(scores), FilterSpec.of(Binarizer.threshold(1), VoteAggregation.MAJORITY))
                        .run()
                        .filter()
                        .toBooleans())
                .containsExactly(false, true, false);
        assertThatThrownBy(() -> new Selector(
                                Scores.of(scores), FilterSpec.of(Binarizer.threshold(1), VoteAggregation.LABEL_MODEL))
                        .run())
                .isInstanceOf(InputException.class)
                .hasMessageContaining("at most 32");
    }

    @Test
    void probabilitiesAreWrittenForTheLabelModelAlone() {
        float[][] scores = scores(new Random(3), 5, 3_000);
        Path file = folder.resolve("p.npy");
        Selection selection = new Selector(
                        Scores.of(scores), FilterSpec.of(Binarizer.mixture(), VoteAggregation.LABEL_MODEL))
                .probabilities(file)
                .threads(2)
                .run();
        try (NpyFile written = NpyFile.open(file)) {
            float[] probabilities = written.readFloats();
            assertThat(probabilities).hasSize(3_000);
            for (int i = 0; i < probabilities.length; i++) {
                boolean seen = false;
                for (float[] epoch : scores) {
                    seen |= !Float.isNaN(epoch[i]);
                }
                assertThat(selection.filter().keeps(i)).isEqualTo(seen && probabilities[i] > 0.5);
            }
        }
        assertThatThrownBy(
                        () -> new Selector(Scores.of(scores), FilterSpec.of(Binarizer.mixture(), VoteAggregation.MEAN))
                                .probabilities(file))
                .isInstanceOf(InputException.class)
                .hasMessage("probabilities come from the label model; mean has none");
    }

    /** Of several infinities the first is named, whichever thread sees another one before. */
    @ParameterizedTest
    @EnumSource
    void anInfinityIsNamed(VoteAggregation combination) {
        int samples = 5 * Blocks.BLOCK;
        float[][] scores = new float[3][samples];
        scores[1][70_000] = Float.NEGATIVE_INFINITY;
        scores[1][300_000] = Float.POSITIVE_INFINITY;
        for (int threads = 1; threads <= 4; threads++) {
            Selector selector = new Selector(Scores.of(scores), FilterSpec.of(Binarizer.threshold(0), combination))
                    .threads(threads);
            assertThatThrownBy(selector::run)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("epoch 1, sample 70000: the value is -Infinity");
        }
    }

    @Test
    void raggedEpochsAndOtherLabelsAreRefused() throws Exception {
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() -> Scores.of(new float[][] {{0, 1}, {0}}))
                .withMessage("epoch 1 has 1 samples, epoch 0 has 2");
        Path file = folder.resolve("y.npy");
        NpyWriter.write(file, new long[] {0, 1}, 2);
        try (Classes two = Classes.npy(file)) {
            assertThatThrownBy(() -> new Selector(
                                    Scores.of(new float[1][3]),
                                    FilterSpec.of(Binarizer.threshold(0), VoteAggregation.MAJORITY))
                            .perClass(two))
                    .isInstanceOf(InputException.class)
                    .hasMessage("there are 2 labels for 3 samples");
        }
        NpyWriter.write(file, new long[] {0, -1}, 2);
        assertThatThrownBy(() -> Classes.npy(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("sample 1 has the label -1");
        assertThat(Files.exists(file)).isTrue();
    }

    /** The majority of good votes finds the noise. */
    @Test
    void theReferenceScoresFindTheNoise() throws Exception {
        float[][] scores = Npy.resource("/vectors/votes/scores.npy").floats();
        boolean[] clean = Npy.resource("/vectors/votes/clean.npy").booleans()[0];
        for (VoteAggregation combination : VoteAggregation.values()) {
            Filter filter = new Selector(Scores.of(scores), FilterSpec.of(Binarizer.kMeans(), combination))
                    .run()
                    .filter();
            assertThat(Detection.of(filter, Filter.of(clean).not()).f1()).isGreaterThan(0.95);
            assertThat(filter.keptShare()).isBetween(0.55, 0.65); // 59.2 % are clean
        }
    }
}
