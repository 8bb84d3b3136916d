package org.gradmimic.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.SlowHead;
import org.gradmimic.SlowWeights;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyLabels;
import org.gradmimic.io.npy.NpyWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streamed scores against plain loops over whole gradients. */
class FeatureScoringTest {
    @TempDir
    Path folder;

    private Random random;
    private int rows;
    private int width;
    private int classes;
    private float[] features;
    private long[] labels;
    private float[] weight;
    private float[] bias;
    private float[] reference;

    @BeforeEach
    void start() {
        random = new Random(1);
    }

    private void draw(int n, int d, int c) {
        rows = n;
        width = d;
        classes = c;
        features = floats(n * d);
        weight = floats(c * d);
        reference = floats(c * d);
        bias = floats(c);
        labels = random.longs(n, 0, c).toArray();
    }

    private float[] floats(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) values[i] = (float) random.nextGaussian();
        return values;
    }

    private ScoreSummary run(
            Weighting.Kind kind, double temperature, double lambda, long batch, int block, ScoreSink sink) {
        Path f = folder.resolve("features.npy");
        Path y = folder.resolve("labels.npy");
        NpyWriter.write(f, features, rows, width);
        NpyWriter.write(y, labels, rows);
        try (PointerScope scope = new PointerScope();
                NpyFile featureFile = NpyFile.open(f);
                NpyLabels labelFile = NpyLabels.open(y)) {
            try (FeatureSource source = FeatureSource.builder(
                            featureFile, labelFile, Tensors.of(weight, classes, width))
                    .bias(Tensors.of(bias, classes))
                    .reference(Tensors.of(reference, classes, width))
                    .maxBlockRows(block)
                    .build()) {
                Scoring scoring = new Scoring(Weighting.of(kind, temperature, lambda), batch);
                return scoring.run(source, sink, done -> {});
            }
        }
    }

    private float[] scores(Weighting.Kind kind, double temperature, double lambda, long batch, int block) {
        Path out = folder.resolve("out.npy");
        run(kind, temperature, lambda, batch, block, ScoreSink.file(out));
        try (NpyFile file = NpyFile.open(out)) {
            assertThat(file.shape()).containsExactly(rows);
            return file.readFloats();
        }
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) wide[i] = values[i];
        return wide;
    }

    private double[] twin(Weighting.Kind kind, double temperature, double lambda, int batch) {
        double[][] h = new double[rows][];
        for (int i = 0; i < rows; i++) h[i] = doubles(Arrays.copyOfRange(features, i * width, (i + 1) * width));
        SlowHead head = new SlowHead(doubles(weight), doubles(bias), h, labels);
        double[] direction = new double[weight.length];
        for (int j = 0; j < direction.length; j++) direction[j] = (double) reference[j] - weight[j];
        double[] score = head.scores(direction);
        double[] norm = head.norms();
        double[] result = new double[rows];
        for (int from = 0; from < rows; from += batch) {
            int to = Math.min(rows, from + batch);
            double[] part = SlowWeights.of(
                    Weighting.of(kind, temperature, lambda),
                    Arrays.copyOfRange(score, from, to),
                    Arrays.copyOfRange(norm, from, to),
                    SlowHead.norm(direction),
                    null);
            System.arraycopy(part, 0, result, from, part.length);
        }
        return result;
    }

    @ParameterizedTest
    @EnumSource(
            value = Weighting.Kind.class,
            names = {"PROJ", "COS", "NORMED_PROJ", "NORMED_COS", "OPT"})
    void agreesWithOneGradientPerSampleWhateverTheBlocksAndBatches(Weighting.Kind kind) {
        for (int round = 0; round < 12; round++) {
            long seed = 100L * kind.ordinal() + round;
            random.setSeed(seed);
            draw(1 + random.nextInt(70), 1 + random.nextInt(40), 1 + random.nextInt(20));
            double temperature = 0.2 + random.nextDouble();
            double lambda = kind == Weighting.Kind.OPT && round % 2 == 1 ? 3 * random.nextDouble() : 0;
            int batch = round % 3 == 0 ? 0 : 1 + random.nextInt(rows + 5);
            int block = 1 + random.nextInt(rows + 5);
            String what = String.format(
                    "seed %d: %s N=%d D=%d C=%d batch=%d block=%d lambda=%s",
                    seed, kind, rows, width, classes, batch, block, lambda);
            float[] actual = scores(kind, temperature, lambda, batch, block);
            double[] expected = twin(kind, temperature, lambda, batch == 0 ? rows : batch);
            double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
            // Single-precision sums of up to 40 products, relative to the largest; the solver stops at 1e-3.
            double tolerance = (lambda > 0 ? 1e-3 : 1e-5) * largest + 1e-7;
            for (int i = 0; i < rows; i++) {
                assertThat((double) actual[i]).as("%s, row %d", what, i).isCloseTo(expected[i], within(tolerance));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Weighting.Kind.class,
            names = {"PROJ", "COS", "NORMED_PROJ", "NORMED_COS", "OPT"})
    void blocksAndThreadsLeaveEveryBitAlone(Weighting.Kind kind) {
        draw(1500, 33, 7);
        int threads = torch.get_num_threads();
        try {
            torch.set_num_threads(1);
            float[] expected = scores(kind, 0.5, 1, 64, FeatureSource.MAX_BLOCK_ROWS);
            torch.set_num_threads(2);
            for (int block : new int[] {1, 63, 64, 65, 1499, 1500, 1501}) {
                assertThat(scores(kind, 0.5, 1, 64, block))
                        .as("block %d", block)
                        .isEqualTo(expected);
            }
        } finally {
            torch.set_num_threads(threads);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Weighting.Kind.class,
            names = {"PROJ", "COS", "NORMED_PROJ", "NORMED_COS", "OPT"})
    void samplesThatAreNotFiniteAreNamedAndLeaveTheOthersAlone(Weighting.Kind kind) {
        draw(40, 6, 4);
        float[] whole = features.clone();
        features[7 * width + 2] = Float.NaN;
        features[21 * width] = Float.POSITIVE_INFINITY;
        Path out = folder.resolve("out.npy");
        var summary = run(kind, 0.7, 0, 8, 16, ScoreSink.file(out));
        assertThat(summary.nonFinite()).isEqualTo(2);
        assertThat(summary.nonFiniteSamples()).containsExactly(7L, 21L);
        float[] actual;
        try (NpyFile file = NpyFile.open(out)) {
            actual = file.readFloats();
        }
        boolean isScore = kind == Weighting.Kind.PROJ || kind == Weighting.Kind.COS;
        for (int bad : new int[] {7, 21}) {
            if (isScore) assertThat(actual[bad]).isNaN();
            else assertThat(actual[bad]).isZero();
        }
        features = whole;
        float[] without = scores(kind, 0.7, 0, 8, 16);
        boolean softmax = kind == Weighting.Kind.NORMED_PROJ || kind == Weighting.Kind.NORMED_COS;
        for (int from = 0; from < rows; from += 8) {
            double sum = 0;
            boolean touched = from == 0 || from == 16;
            for (int i = from; i < from + 8; i++) {
                sum += actual[i];
                if (i != 7 && i != 21 && !(softmax && touched))
                    assertThat(actual[i]).isEqualTo(without[i]);
            }
            // Eight roundings to float32.
            if (softmax) assertThat(sum).as("batch from %d", from).isCloseTo(1, within(5e-7));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 999, 1000, 1001})
    void parquetHoldsWhatNpyHolds(int n) throws SQLException {
        draw(n, 3, 2);
        if (n > 5) features[5 * width] = Float.NaN;
        float[] expected = scores(Weighting.Kind.PROJ, 1, 0, 0, 100);
        Path out = folder.resolve("out.parquet");
        run(Weighting.Kind.PROJ, 1, 0, 0, 100, ScoreSink.file(out));
        List<Long> ids = new ArrayList<>();
        List<Float> actual = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT sample_id, score FROM read_parquet('" + out + "')")) {
            assertThat(result.getMetaData().getColumnTypeName(1)).isEqualTo("BIGINT");
            assertThat(result.getMetaData().getColumnTypeName(2)).isEqualTo("FLOAT");
            while (result.next()) {
                ids.add(result.getLong(1));
                actual.add(result.getFloat(2));
            }
        }
        assertThat(actual).hasSize(n);
        for (int i = 0; i < n; i++) {
            assertThat(ids.get(i)).isEqualTo(i);
            assertThat(actual.get(i)).isEqualTo(Float.valueOf(expected[i])); // NaN is NaN here
        }
        assertThat(folder.toFile().list())
                .containsExactlyInAnyOrder("features.npy", "labels.npy", "out.npy", "out.parquet");
    }

    @Test
    void atTheReferenceEveryScoreIsZeroAndTheSoftmaxIsUniform() {
        draw(10, 4, 3);
        reference = weight.clone();
        assertThat(scores(Weighting.Kind.PROJ, 1, 0, 0, 4)).containsOnly(0f);
        assertThat(scores(Weighting.Kind.COS, 1, 0, 0, 4)).containsOnly(0f);
        assertThat(scores(Weighting.Kind.OPT, 1, 0, 0, 4)).containsOnly(0f);
        assertThat(scores(Weighting.Kind.NORMED_PROJ, 0.01, 0, 5, 4)).containsOnly(0.2f);
    }

    @ParameterizedTest
    @EnumSource(
            value = Weighting.Kind.class,
            names = {"PROJ", "COS", "NORMED_PROJ", "NORMED_COS", "OPT"})
    void memoryHoldsWhatAFileHolds(Weighting.Kind kind) {
        draw(70, 6, 4);
        features[9 * width] = Float.NaN;
        float[] expected = scores(kind, 0.5, 1, 16, 32);
        ScoreMemory memory = ScoreSink.memory().withGradientNorms();
        ScoreSummary summary = run(kind, 0.5, 1, 16, 32, memory);
        assertThat(summary.nonFiniteSamples()).containsExactly(9L);
        assertThat(memory.gradientNorms()).hasSize(rows);
        assertThat(memory.losses()).hasSize(rows);
        for (int i = 0; i < rows; i++) {
            // A file keeps cosines rounded to float32: an error of 6e-8, over the temperature.
            float tolerance = kind == Weighting.Kind.NORMED_COS ? 3e-7f * expected[i] : 0;
            if (Float.isNaN(expected[i])) assertThat(memory.scores()[i]).isNaN();
            else assertThat(memory.scores()[i]).isCloseTo(expected[i], within(tolerance));
            if (i != 9) assertThat(memory.losses()[i]).isPositive();
        }
    }

    /** Without features, or with one class, there is no gradient. */
    @ParameterizedTest
    @EnumSource(
            value = Weighting.Kind.class,
            names = {"PROJ", "COS", "NORMED_PROJ", "NORMED_COS", "OPT"})
    void aGradientOfZeroScoresZero(Weighting.Kind kind) {
        boolean softmax = kind == Weighting.Kind.NORMED_PROJ || kind == Weighting.Kind.NORMED_COS;
        for (int[] shape : new int[][] {{4, 0, 3}, {4, 5, 1}}) {
            draw(shape[0], shape[1], shape[2]);
            // −0 is 0.
            for (float x : scores(kind, 1, 0, 0, 3)) assertThat(x + 0f).isEqualTo(softmax ? 0.25f : 0);
        }
    }
}
