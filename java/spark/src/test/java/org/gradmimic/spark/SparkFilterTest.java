package org.gradmimic.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.gradmimic.base.InputException;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.Selection;
import org.gradmimic.select.Selector;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.vote.Binarizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparkFilterTest {

    private static final Map<String, Binarizer> RULES = Map.of(
            "threshold", Binarizer.threshold(0.125f),
            "k-means", Binarizer.kMeans(),
            "mixture", Binarizer.mixture(),
            "top", Binarizer.topShare(0.37),
            "bottom", Binarizer.bottomShare(0.2));

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({"1, 5, 2000, 6", "2, 3, 1500, 1"})
    void theFilterIsThatOfOneMachine(long seed, int epochs, int samples, int decimals) {
        Path log = RandomLog.write(temporary.resolve("scores"), new Random(seed), epochs, samples, decimals);
        Scores scores = Scores.of(ScoreLog.open(log).matrix(ScoreColumn.SCORE));
        RULES.forEach((name, rule) -> {
            for (VoteAggregation combination : VoteAggregation.values()) {
                Path out = temporary.resolve(name + "-" + combination + ".npy");
                FilterOptions options = new FilterOptions(
                                log.toString(), ScoreColumn.SCORE, FilterSpec.of(rule, combination))
                        .out(out.toString());
                options.cellsPerBlock = 1 + epochs * samples / 3;
                options.rowsPerSplit = samples;
                FilterReport report = SparkFilter.run(Cluster.session(), options);
                Selection expected = new Selector(scores, FilterSpec.of(rule, combination)).run();
                assertThat(FilterFile.read(out)).as("%s, %s", name, combination).isEqualTo(expected.filter());
                assertThat(report.kept()).isEqualTo(expected.filter().kept());
                assertThat(report.epochs()).isEqualTo(expected.epochs());
            }
        });
    }

    @Test
    void aSingleSampleAndNone() throws Exception {
        for (int samples = 0; samples <= 2; samples++) {
            Path log = Sql.copy(
                    "SELECT * REPLACE (i AS sample_id, 0::INTEGER AS epoch) FROM (" + Sql.ROW + "), range(" + samples
                            + ") r(i)",
                    temporary.resolve("log-" + samples + ".parquet"));
            Path out = temporary.resolve("keep-" + samples + ".npy");
            FilterReport report = SparkFilter.run(
                    Cluster.session(),
                    new FilterOptions(
                                    log.toString(),
                                    ScoreColumn.SCORE,
                                    FilterSpec.of(Binarizer.kMeans(), VoteAggregation.MAJORITY))
                            .out(out.toString()));
            assertThat(FilterFile.read(out)).isEqualTo(Filter.all(samples)); // equal values: all are kept
            assertThat(report.epochs().get(0).seen()).isEqualTo(samples);
        }
    }

    @Test
    void anInfinityIsNamed() throws Exception {
        Path log = Sql.copy(
                "SELECT * REPLACE ('-Infinity'::FLOAT AS score) FROM (" + Sql.ROW + ")",
                temporary.resolve("infinite.parquet"));
        refused(
                new FilterOptions(
                        log.toString(), ScoreColumn.SCORE, FilterSpec.of(Binarizer.kMeans(), VoteAggregation.MEAN)),
                "epoch 1, sample 3: the value is -Infinity");
    }

    @Test
    void tooFewOrTooManyEpochsForALabelModelAreReported() throws Exception {
        Path two = RandomLog.write(temporary.resolve("two"), new Random(1), 2, 50, 2);
        refused(
                new FilterOptions(
                        two.toString(),
                        ScoreColumn.SCORE,
                        FilterSpec.of(Binarizer.kMeans(), VoteAggregation.LABEL_MODEL)),
                "there are 2 epochs");
        Path many = Sql.copy(
                "SELECT * REPLACE (40::INTEGER AS epoch) FROM (" + Sql.ROW + ")", temporary.resolve("many.parquet"));
        refused(
                new FilterOptions(
                        many.toString(),
                        ScoreColumn.SCORE,
                        FilterSpec.of(Binarizer.kMeans(), VoteAggregation.LABEL_MODEL)),
                "votes of 41 epochs");
    }

    @Test
    void tooManySamplesForAFilterAreReported() throws Exception {
        Path log = Sql.copy(
                "SELECT * REPLACE (4000000000000000000 AS sample_id) FROM (" + Sql.ROW + ")",
                temporary.resolve("ids.parquet"));
        refused(
                new FilterOptions(
                        log.toString(), ScoreColumn.SCORE, FilterSpec.of(Binarizer.kMeans(), VoteAggregation.MAJORITY)),
                "sample ids of the score log go up to 4000000000000000000");
    }

    private static void refused(FilterOptions options, String message) {
        assertThatThrownBy(() -> SparkFilter.run(Cluster.session(), options))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(message);
    }
}
