package org.gradmimic.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import org.gradmimic.select.Binarization;
import org.gradmimic.select.Binarizer;
import org.gradmimic.select.Cut;
import org.gradmimic.select.LabelModel;
import org.gradmimic.select.ScoreColumn;
import org.gradmimic.select.ScoreLog;
import org.gradmimic.select.ValueCounts;
import org.gradmimic.select.ValueStatistics;
import org.gradmimic.select.VotePatterns;
import org.gradmimic.select.filter.FilterFile;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparkFilterTest {

    private static final Map<String, Binarizer> RULES = Map.of(
            "threshold", Binarizer.threshold(0.125f),
            "2-means", Binarizer.twoMeans(),
            "mixture", Binarizer.mixture(),
            "top", Binarizer.topShare(0.37),
            "bottom", Binarizer.bottomShare(0.2));

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({"1, 5, 2000, 6", "2, 3, 1500, 1"})
    void theFilterIsThatOfOneMachine(long seed, int epochs, int samples, int decimals) {
        Path log = RandomLog.write(temporary.resolve("scores"), new Random(seed), epochs, samples, decimals);
        float[][] values = ScoreLog.open(log).matrix(ScoreColumn.SCORE);
        RULES.forEach((name, rule) -> {
            for (Combination combination : Combination.values()) {
                Path out = temporary.resolve(name + "-" + combination + ".npy");
                FilterOptions options =
                        new FilterOptions(log.toString(), ScoreColumn.SCORE, rule, combination).out(out.toString());
                options.cellsPerBlock = 1 + epochs * samples / 3;
                options.rowsPerSplit = samples;
                FilterReport report = SparkFilter.run(Cluster.session(), options);
                boolean[] expected = embedded(values, rule, combination);
                assertThat(FilterFile.read(out).toBooleans())
                        .as("%s, %s", name, combination)
                        .isEqualTo(expected);
                assertThat(report.kept()).isEqualTo(count(expected));
            }
        });
    }

    private static boolean[] embedded(float[][] values, Binarizer rule, Combination combination) {
        int samples = values[0].length;
        boolean[] keep = new boolean[samples];
        float[][] split = values;
        if (combination == Combination.MEAN) {
            split = new float[1][samples];
            for (int i = 0; i < samples; i++) {
                split[0][i] = SampleRule.Mean.of(values, i);
            }
        }
        List<Cut> cuts = new ArrayList<>();
        for (float[] epoch : split) {
            cuts.add(decide(rule, epoch));
        }
        VotePatterns patterns = new VotePatterns(split.length);
        for (int i = 0; i < samples; i++) {
            patterns.add(SampleRule.pattern(cuts, split, i));
        }
        LabelModel model =
                combination == Combination.LABEL_MODEL ? LabelModel.fit(patterns, OptionalDouble.empty()) : null;
        for (int i = 0; i < samples; i++) {
            long pattern = SampleRule.pattern(cuts, split, i);
            keep[i] =
                    model != null ? model.keeps(pattern) : VotePatterns.keeps(pattern) > VotePatterns.discards(pattern);
        }
        return keep;
    }

    private static Cut decide(Binarizer rule, float[] values) {
        ValueStatistics statistics = new ValueStatistics();
        for (float value : values) {
            statistics.add(value);
        }
        Binarization running = rule.begin(statistics);
        while (!running.needs().isEmpty()) {
            ValueCounts counts = new ValueCounts(running.needs());
            for (float value : values) {
                counts.add(value);
            }
            running.refine(counts);
        }
        return running.decision().cut();
    }

    private static long count(boolean[] keep) {
        long count = 0;
        for (boolean k : keep) {
            count += k ? 1 : 0;
        }
        return count;
    }
}
