package org.gradmimic.cli.filter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.gradmimic.cli.Run;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.filter.FilterFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code gradmimic filter sample} and {@code validate}. */
class SampleCommandsTest {
    private static final int N = 400;
    private static final int D = 4;

    @TempDir
    Path folder;

    @BeforeEach
    void make() throws IOException {
        NpyWriter.write(folder.resolve("p.npy"), new float[] {0.5f, 0.9f, 0, 0.1f}, 4);
        StringBuilder uids = new StringBuilder();
        for (int i = 9; i > 5; i--) uids.append("0".repeat(31)).append(i).append('\n');
        Files.writeString(folder.resolve("pool.txt"), uids.toString());
    }

    private Run run(String... arguments) {
        List<String> all = new ArrayList<>(List.of("filter"));
        for (String argument : arguments) all.add(argument.replace("@", folder + "/"));
        return Run.main(all.toArray(String[]::new));
    }

    private Run good(String... arguments) {
        Run run = run(arguments);
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return run;
    }

    @Test
    void drawsTheSameSubsetByNumberAndByUid() {
        String[] draw = {
            "sample",
            "--probabilities",
            "@p.npy",
            "--size",
            "7",
            "--repeat-penalty",
            "0.2",
            "--seed",
            "3",
            "--quiet",
            "--out",
            "@n.npy"
        };
        Run run = good(draw);
        assertThat(run.out()).matches(folder + "/n.npy: 7 draws of 3 of 4 samples, one at most \\d times\n");
        long[] numbers;
        try (NpyFile file = NpyFile.open(folder.resolve("n.npy"))) {
            numbers = file.readLongs();
        }
        assertThat(numbers).hasSize(7).isSorted().doesNotContain(2);
        good(
                "sample",
                "--probabilities",
                "@p.npy",
                "--size",
                "7",
                "--repeat-penalty",
                "0.2",
                "--seed",
                "3",
                "--quiet",
                "--uids",
                "@pool.txt",
                "--out",
                "@u.npy");
        List<String> uids = new ArrayList<>();
        FilterFile.readUids(folder.resolve("u.npy")).forEach((i, high, low) -> uids.add(Long.toString(9 - low)));
        assertThat(uids.stream().mapToLong(Long::parseLong).sorted())
                .containsExactlyElementsOf(Arrays.stream(numbers).boxed().toList());
        // What a filter can't keep is not dropped.
        Run combined = run("combine", "u", "--filter", "u=@u.npy", "--uids", "@pool.txt", "--out", "@c.npy");
        assertThat(combined.code()).isEqualTo(2);
        assertThat(combined.err()).contains("u.npy: contains the uid").contains("a filter does not keep repeats");
    }

    @Test
    void whatCannotBeDrawnIsRefused() {
        for (String[] bad : new String[][] {
            {"--size", "0", "the number of draws is 0"},
            {"--repeat-penalty", "-1", "the repeat penalty is -1.0"},
            {"--uids", "@p.npy", "p.npy"}
        }) {
            List<String> all = new ArrayList<>(List.of("sample", "--probabilities", "@p.npy", "--out", "@o.npy"));
            if (!bad[0].equals("--size")) all.addAll(List.of("--size", "3"));
            all.addAll(List.of(bad[0], bad[1]));
            Run run = run(all.toArray(String[]::new));
            assertThat(run.code()).as(run.err()).isEqualTo(2);
            assertThat(run.err()).contains(bad[2]);
            assertThat(folder.resolve("o.npy")).doesNotExist();
        }
    }

    /** Two classes that a head can tell apart; 40 of 100 training labels are turned around. */
    private boolean[] writeFeatures(String name, long seed, boolean noisy) throws IOException {
        Random random = new Random(seed);
        float[] features = new float[N * D];
        long[] labels = new long[N];
        boolean[] clean = new boolean[N];
        for (int i = 0; i < N; i++) {
            int label = random.nextInt(2);
            for (int d = 0; d < D; d++)
                features[i * D + d] = (float) (random.nextGaussian() + (label == 0 ? -0.5 : 0.5));
            clean[i] = !noisy || random.nextInt(100) >= 45;
            labels[i] = clean[i] ? label : 1 - label;
        }
        Files.createDirectories(folder.resolve(name));
        NpyWriter.write(folder.resolve(name).resolve("features.npy"), features, N, D);
        NpyWriter.write(folder.resolve(name).resolve("labels.npy"), labels, N);
        return clean;
    }

    @Test
    void aFilterOfCleanSamplesIsWorthMoreThanRandomOnes() throws IOException {
        boolean[] clean = writeFeatures("train", 1, true);
        writeFeatures("test", 2, false);
        NpyWriter.write(folder.resolve("clean.npy"), clean, N);
        String[] validate = {
            "validate",
            "@clean.npy",
            "--data",
            "npy:@train",
            "--test",
            "npy:@test",
            "--lr",
            "1e-2",
            "--epochs",
            "3",
            "--quiet"
        };
        Run run = good(validate);
        assertThat(run.out().lines().toList()).hasSize(5);
        assertThat(run.out()).startsWith("seed  filter  random  worth");
        assertThat(run.out())
                .containsPattern(
                        "clean.npy: \\d+ of 400 samples, worth \\+0\\.\\d{4} in test accuracy \\(\\+0.*3 seeds\\)");
        assertThat(good(validate).out()).isEqualTo(run.out());
        // A subset with repeats is trained on as often as it says.
        NpyWriter.write(folder.resolve("twice.npy"), new long[] {0, 0, 1, 5, 5, 5}, 6);
        validate[1] = "@twice.npy";
        assertThat(good(validate).out()).contains("twice.npy: 6 of 400 samples");
        NpyWriter.write(folder.resolve("none.npy"), new boolean[N], N);
        validate[1] = "@none.npy";
        Run none = run(validate);
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("the filter keeps no samples");
        validate[1] = "@clean.npy";
        validate[3] = "drawn:";
        Run images = run(validate);
        assertThat(images.code()).isEqualTo(2);
        assertThat(images.err()).contains("data set 'drawn:': holds images; expected features");
    }
}
