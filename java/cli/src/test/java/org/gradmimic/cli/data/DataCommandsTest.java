package org.gradmimic.cli.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.gradmimic.cli.Run;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.io.sample.ClassNames;
import org.gradmimic.io.sample.SampleName;
import org.gradmimic.io.sample.SampleNames;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code gradmimic data split}, {@code noise} and {@code subset} on features with names. */
class DataCommandsTest {
    private static final int SAMPLES = 100;
    private static final int WIDTH = 3;

    @TempDir
    Path folder;

    private Path features;

    @BeforeEach
    void write() throws Exception {
        features = Files.createDirectory(folder.resolve("features"));
        float[] rows = new float[SAMPLES * WIDTH];
        for (int i = 0; i < rows.length; i++) rows[i] = i;
        NpyWriter.write(features.resolve("features.npy"), rows, SAMPLES, WIDTH);
        long[] labels = IntStream.range(0, SAMPLES).mapToLong(i -> i % 4).toArray();
        NpyWriter.write(features.resolve("labels.npy"), labels, SAMPLES);
        ClassNames.write(features.resolve(ClassNames.FILE), List.of("a", "b", "c", "d"));
        SampleNames.write(
                features.resolve(SampleNames.FILE),
                IntStream.range(0, SAMPLES)
                        .mapToObj(i -> new SampleName(
                                i, "x/" + i + ".png", i % 4, "abcd".substring(i % 4, i % 4 + 1), "train"))
                        .iterator());
    }

    private static Run main(int code, Object... args) {
        Run done = Run.main(Arrays.stream(args).map(Object::toString).toArray(String[]::new));
        assertThat(done.code()).as(done.err() + done.out()).isEqualTo(code);
        return done;
    }

    private static boolean[] booleans(Path file) {
        try (NpyFile npy = NpyFile.open(file)) {
            return npy.readBooleans();
        }
    }

    private static long[] longs(Path file) {
        try (NpyFile npy = NpyFile.open(file)) {
            return npy.readLongs();
        }
    }

    private static float[] floats(Path file) {
        try (NpyFile npy = NpyFile.open(file)) {
            return npy.readFloats();
        }
    }

    @Test
    void splitsNoiseAndSubsetsFitTogether() throws Exception {
        Path split = folder.resolve("split");
        Run run = main(0, "data", "split", "--data", "npy:" + features, "--share", "0.2", "--out", split);
        assertThat(run.out()).contains("first 20 samples, rest 80");
        boolean[] first = booleans(split.resolve("first.npy"));
        List<String> paths = Files.readAllLines(split.resolve("first.txt"));
        assertThat(paths).hasSize(20);
        for (int i = 0; i < SAMPLES; i++) {
            assertThat(paths.contains("x/" + i + ".png")).as("sample %d", i).isEqualTo(first[i]);
        }
        assertThat(Files.readAllLines(split.resolve("rest.txt"))).hasSize(80).doesNotContainAnyElementsOf(paths);

        Path noisy = folder.resolve("noisy");
        run = main(
                0,
                "data",
                "noise",
                "--data",
                "npy:" + features,
                "--share",
                "0.5",
                "--except",
                split.resolve("first.txt"),
                "--out",
                noisy,
                "--seed",
                "4");
        assertThat(run.out()).contains("40 of 100 labels moved, symmetric");
        boolean[] clean = booleans(noisy.resolve("clean.npy"));
        long[] labels = longs(noisy.resolve("labels.npy"));
        assertThat(longs(noisy.resolve("true_labels.npy"))).isEqualTo(longs(features.resolve("labels.npy")));
        List<SampleName> names = SampleNames.in(noisy).orElseThrow().read();
        for (int i = 0; i < SAMPLES; i++) {
            assertThat(labels[i] == i % 4).as("sample %d", i).isEqualTo(clean[i]);
            if (first[i]) assertThat(clean[i]).as("sample %d", i).isTrue();
            assertThat(names.get(i).path()).isEqualTo("x/" + i + ".png");
            assertThat(names.get(i).label()).isEqualTo((int) labels[i]);
            assertThat(names.get(i).className()).isEqualTo("abcd".substring((int) labels[i], (int) labels[i] + 1));
        }
        List<String> changed = Files.readAllLines(noisy.resolve("changed.csv"));
        assertThat(changed).hasSize(41).startsWith("id,path,true_label,given_label");

        Path subset = folder.resolve("subset");
        String spec = "npy:" + features.resolve("features.npy") + "," + noisy.resolve("labels.npy");
        main(0, "data", "subset", "--data", spec, "--keep", noisy.resolve("clean.npy"), "--out", subset);
        long[] ids = longs(subset.resolve("ids.npy"));
        assertThat(ids).hasSize(60);
        float[] rows = floats(subset.resolve("features.npy"));
        List<SampleName> kept = SampleNames.in(subset).orElseThrow().read();
        for (int i = 0; i < ids.length; i++) {
            for (int d = 0; d < WIDTH; d++) assertThat(rows[i * WIDTH + d]).isEqualTo(ids[i] * WIDTH + d);
            assertThat(kept.get(i).path()).isEqualTo("x/" + ids[i] + ".png");
            assertThat(kept.get(i).label()).isEqualTo((int) (ids[i] % 4));
        }
    }

    @Test
    void pairwiseNoiseAndImages() throws Exception {
        Path noisy = folder.resolve("noisy");
        Run run = main(
                0,
                "data",
                "noise",
                "--data",
                "drawn:classes=4,train=40",
                "--share",
                "0.25",
                "--kind",
                "pairwise",
                "--out",
                noisy);
        assertThat(run.out()).contains("10 of 40 labels moved, pairwise");
        long[] before = longs(noisy.resolve("true_labels.npy"));
        long[] after = longs(noisy.resolve("labels.npy"));
        for (int i = 0; i < 40; i++) assertThat(after[i]).isIn(before[i], (before[i] + 1) % 4);
        assertThat(SampleNames.in(noisy).orElseThrow().read().get(0).path()).isEqualTo("drawn train sample 0");
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        Path out = folder.resolve("out");
        Object[] noise = {"data", "noise", "--data", "npy:" + features, "--out", out};
        assertThat(main(2, with(noise, "--share", "1.5")).err()).contains("label noise of 1.5");
        assertThat(main(2, with(noise, "--share", "0.5", "--split", "test")).err())
                .contains("--split is for images");
        Path list = Files.writeString(folder.resolve("list.txt"), "x/7.png\nx/none.png\n");
        assertThat(main(2, with(noise, "--share", "0.5", "--except", list)).err())
                .contains(
                        "line 2 is 'x/none.png', neither the path of a sample, such as x/0.png, nor a number below 100");
        assertThat(main(2, "data", "split", "--data", "npy:" + features, "--share", "-1", "--out", out)
                        .err())
                .contains("a share of -1.0");
        Path none = folder.resolve("none.npy");
        NpyWriter.write(none, new boolean[SAMPLES], SAMPLES);
        assertThat(main(2, "data", "subset", "--data", "npy:" + features, "--keep", none, "--out", out)
                        .err())
                .contains("keeps none of the 100 samples");
        NpyWriter.write(none, new boolean[3], 3);
        assertThat(main(2, "data", "subset", "--data", "npy:" + features, "--keep", none, "--out", out)
                        .err())
                .contains("is over 3 samples, expected 100");
        assertThat(main(2, "data").err()).contains("a command is missing; expected one of split, noise, subset");
        assertThat(out).doesNotExist();
    }

    private static Object[] with(Object[] arguments, Object... more) {
        return IntStream.range(0, arguments.length + more.length)
                .mapToObj(i -> i < arguments.length ? arguments[i] : more[i - arguments.length])
                .toArray();
    }
}
