package org.gradmimic.select.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.score.Values;
import org.gradmimic.select.vote.Binarizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScoreFiltersTest {
    @TempDir
    Path folder;

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

    /** The slow twin: sorts, takes the last one in, and compares everything with it. */
    private static boolean[] highest(float[] scores, int count, boolean lowest) {
        List<Float> sorted = new ArrayList<>();
        for (float score : scores) {
            if (!Float.isNaN(score)) {
                sorted.add(score + 0f);
            }
        }
        sorted.sort(lowest ? Comparator.naturalOrder() : Comparator.reverseOrder());
        boolean[] keep = new boolean[scores.length];
        if (count > 0) {
            float last = sorted.get(Math.min(count, sorted.size()) - 1);
            for (int i = 0; i < keep.length; i++) {
                keep[i] = lowest ? scores[i] <= last : scores[i] >= last;
            }
        }
        return keep;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 10, 100, 1001})
    void agreesWithSorting(int samples) {
        for (int seed = 0; seed < 20; seed++) {
            float[] scores = scores(seed, samples);
            int n = 0;
            for (float score : scores) {
                n += Float.isNaN(score) ? 0 : 1;
            }
            for (double share : new double[] {0, 0.15, 0.29, 0.3, 0.5, 1}) {
                // In hundredths, so exact.
                int count = (int) Math.round(share * 100) * n / 100;
                assertThat(ScoreFilters.keep(Values.of(scores), Binarizer.topShare(share))
                                .toBooleans())
                        .isEqualTo(highest(scores, count, false));
                assertThat(ScoreFilters.keep(Values.of(scores), Binarizer.bottomShare(share))
                                .toBooleans())
                        .isEqualTo(highest(scores, count, true));
            }
            for (int count : new int[] {0, 1, 2, n / 2, n, n + 1}) {
                assertThat(ScoreFilters.keep(Values.of(scores), Binarizer.topK(count))
                                .toBooleans())
                        .isEqualTo(n == 0 ? new boolean[samples] : highest(scores, count, false));
            }
        }
    }

    @Test
    void monotoneTransformationsAndPermutationsKeepTheSamples() {
        float[] scores = scores(9, 400);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < scores.length; i++) {
            order.add(i);
            if (Math.abs(scores[i]) == Float.MAX_VALUE || Math.abs(scores[i]) == Float.MIN_VALUE) {
                scores[i] = 0.5f; // the transformation below must not make ties
            }
        }
        Collections.shuffle(order, new Random(1));
        float[] transformed = new float[scores.length];
        float[] permuted = new float[scores.length];
        for (int i = 0; i < scores.length; i++) {
            transformed[i] = 8 * scores[i] - 0f;
            permuted[i] = scores[order.get(i)];
        }
        for (Function<Values, Filter> rule : List.<Function<Values, Filter>>of(
                v -> ScoreFilters.keep(v, Binarizer.topShare(0.3)),
                v -> ScoreFilters.keep(v, Binarizer.bottomShare(0.15)),
                v -> ScoreFilters.keep(v, Binarizer.topK(7)))) {
            Filter filter = rule.apply(Values.of(scores));
            assertThat(rule.apply(Values.of(transformed))).isEqualTo(filter);
            Filter other = rule.apply(Values.of(permuted));
            for (int i = 0; i < scores.length; i++) {
                assertThat(other.keeps(i)).isEqualTo(filter.keeps(order.get(i)));
            }
        }
    }

    @Test
    void equalScoresGoTogether() {
        Values equal = Values.of(2, 2, 2, 2);
        assertThat(ScoreFilters.keep(equal, Binarizer.topShare(0.25)).kept()).isEqualTo(4);
        assertThat(ScoreFilters.keep(equal, Binarizer.topShare(0.24)).kept()).isZero();
        assertThat(ScoreFilters.keep(equal, Binarizer.bottomShare(0.25)).kept()).isEqualTo(4);
        assertThat(ScoreFilters.keep(Values.of(1, 3, 3, 2), Binarizer.topK(1)).toBooleans())
                .containsExactly(false, true, true, false);
    }

    @Test
    void noSamplesAreFine() {
        for (Binarizer rule :
                List.of(Binarizer.topShare(1), Binarizer.bottomShare(1), Binarizer.topK(1), Binarizer.threshold(-1))) {
            assertThat(ScoreFilters.keep(Values.of(), rule)).isEqualTo(Filter.none(0));
        }
    }

    @Test
    void aLimitKeepsWhatReachesIt() {
        assertThat(ScoreFilters.keep(Values.of(0.4f, 0.5f, 0.6f, Float.NaN), Binarizer.threshold(0.5f))
                        .toBooleans())
                .containsExactly(false, true, true, false);
        // What is written as 0.7 is kept by a limit of 0.7, although the float is a little less.
        assertThat(new FilterSource(tenths(), FilterSource.Rule.THRESHOLD, 0.7)
                        .read(3)
                        .toBooleans())
                .containsExactly(false, true, true);
    }

    @Test
    void infinitiesAreNamed() {
        Values values = Values.of(1, Float.NEGATIVE_INFINITY);
        for (Function<Values, Filter> rule : List.<Function<Values, Filter>>of(
                v -> ScoreFilters.keep(v, Binarizer.topShare(0.3)),
                v -> ScoreFilters.keep(v, Binarizer.bottomShare(0.3)),
                v -> ScoreFilters.keep(v, Binarizer.topK(1)),
                v -> ScoreFilters.keep(v, Binarizer.threshold(0)))) {
            assertThatThrownBy(() -> rule.apply(values))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("values: sample 1: the value is -Infinity");
        }
        Path file = folder.resolve("scores.npy");
        NpyWriter.write(file, new float[] {1, 2, Float.POSITIVE_INFINITY}, 3);
        assertThatThrownBy(() -> ScoreFilters.keep(Values.open(file), Binarizer.kMeans()))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file + ": sample 2: the value is Infinity");
    }

    private Path tenths() {
        Path file = folder.resolve("tenths.npy");
        NpyWriter.write(file, new float[] {0.6f, 0.7f, 0.8f}, 3);
        return file;
    }

    @Test
    void aScoreTableMayBeAFolderOfParts() throws IOException {
        float[] scores = scores(3, 10_000);
        Path table = Files.createDirectory(folder.resolve("scores.parquet"));
        int[] bounds = {0, 0, 1, 4_999, 4_999, 10_000};
        for (int part = 0; part < bounds.length - 1; part++) {
            int from = bounds[part];
            long[] ids = new long[bounds[part + 1] - from];
            Arrays.setAll(ids, i -> from + i);
            new ParquetColumns()
                    .longs("sample_id", ids)
                    .floats("score", Arrays.copyOfRange(scores, from, bounds[part + 1]))
                    .write(table.resolve("part-0000" + part + "-8d0c.c000.snappy.parquet"));
        }
        assertThat(Values.open(table).size()).isEqualTo(scores.length);
        assertThat(ScoreFilters.keep(Values.open(table), Binarizer.topShare(0.2)))
                .isEqualTo(ScoreFilters.keep(Values.of(scores), Binarizer.topShare(0.2)));

        Path odd = table.resolve("part-00003-8d0c.c000.snappy.parquet");
        new ParquetColumns()
                .longs("sample_id", new long[] {0})
                .floats("score", new float[1])
                .write(odd);
        assertThatThrownBy(() -> ScoreFilters.keep(Values.open(table), Binarizer.topShare(0.2)))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(odd + ": row 0: sample_id is 0, expected 4999");
        new ParquetColumns()
                .longs("sample_id", new long[] {0})
                .texts("score", new String[] {"high"})
                .write(odd);
        assertThatThrownBy(() -> Values.open(table))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(odd + ": column score is VARCHAR, expected numbers");
    }

    @Test
    void aColumnOfValuesIsAVectorOfThem() {
        Path npy = folder.resolve("scores.npy");
        NpyWriter.write(npy, new float[] {1, 3, 2}, 3, 1);
        assertThat(ScoreFilters.keep(Values.open(npy), Binarizer.topK(1)).toBooleans())
                .containsExactly(false, true, false);
    }

    @Test
    void valuesThatAreAllNaNAreRefused() {
        Path npy = folder.resolve("scores.npy");
        NpyWriter.write(npy, new float[] {Float.NaN, Float.NaN}, 2);
        assertThatThrownBy(() -> ScoreFilters.keep(Values.open(npy), Binarizer.threshold(0)))
                .isInstanceOf(InputException.class)
                .hasMessage(npy + ": all 2 values are NaN: there is nothing to filter by");
        NpyWriter.write(npy, new float[0], 0);
        assertThat(ScoreFilters.keep(Values.open(npy), Binarizer.threshold(0)).samples())
                .isZero();
    }

    @Test
    void valuesComeFromArraysAndScoreTables() {
        float[] scores = scores(2, 100_000);
        Path npy = folder.resolve("scores.npy");
        NpyWriter.write(npy, scores, scores.length);
        long[] ids = new long[scores.length];
        Arrays.setAll(ids, i -> i);
        Path table = folder.resolve("scores.parquet");
        new ParquetColumns().longs("sample_id", ids).floats("score", scores).write(table);
        Filter expected = ScoreFilters.keep(Values.of(scores), Binarizer.topShare(0.2));
        assertThat(ScoreFilters.keep(Values.open(npy), Binarizer.topShare(0.2))).isEqualTo(expected);
        assertThat(ScoreFilters.keep(Values.open(table), Binarizer.topShare(0.2)))
                .isEqualTo(expected);

        ids[7] = 8;
        new ParquetColumns().longs("sample_id", ids).floats("score", scores).write(table);
        assertThatThrownBy(() -> ScoreFilters.keep(Values.open(table), Binarizer.topShare(0.2)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(table + ": row 7: sample_id is 8");
        NpyWriter.write(npy, new long[2], 2);
        assertThatThrownBy(() -> Values.open(npy))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(npy + ": has dtype i8; expected scores or probabilities");
    }
}
