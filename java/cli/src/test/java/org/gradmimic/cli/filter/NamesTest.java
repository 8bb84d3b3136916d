package org.gradmimic.cli.filter;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.gradmimic.cli.Run;
import org.gradmimic.data.ImageSize;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.sample.ClassNames;
import org.gradmimic.io.sample.SampleName;
import org.gradmimic.io.sample.SampleNames;
import org.gradmimic.model.ConvBackbone;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The names of samples on their way from the images to the filter: embed, probe, filter, combine. */
class NamesTest {
    /** A PNG of one pixel. */
    private static final String PNG = "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
            + "0000000a49444154789c63600700000900082023c38c0000000049454e44ae426082";

    @TempDir
    Path folder;

    private Path features;
    private Path run;

    @BeforeEach
    void embedAndProbe() throws Exception {
        for (String name : List.of("cat/b, c.png", "cat/a.png", "dog/ä.png", "dog/d.png")) {
            Path file = folder.resolve("images").resolve(name);
            Files.createDirectories(file.getParent());
            Files.write(file, HexFormat.of().parseHex(PNG));
        }
        Path model = folder.resolve("backbone.safetensors");
        try (ConvBackbone backbone = ConvBackbone.random(ImageSize.square(16), 1)) {
            backbone.save(model);
        }
        features = folder.resolve("features");
        main("embed", "--data", "images:" + folder.resolve("images"), "--model", model, "--out", features);
        run = folder.resolve("run");
        main(arguments("probe", "--mode", "grand", "--epochs", "2", "--out", run));
    }

    private Object[] arguments(Object... more) {
        List<Object> all = new ArrayList<>(List.of(more));
        all.addAll(List.of("--features", features.resolve("features.npy")));
        all.addAll(List.of("--labels", features.resolve("labels.npy")));
        return all.toArray();
    }

    private static Run main(Object... args) {
        Run done = Run.main(Arrays.stream(args).map(Object::toString).toArray(String[]::new));
        assertThat(done.code()).as(done.err()).isZero();
        return done;
    }

    private static Run failing(Object... args) {
        Run done = Run.main(Arrays.stream(args).map(Object::toString).toArray(String[]::new));
        assertThat(done.code()).as(done.err()).isEqualTo(2);
        return done;
    }

    @Test
    void theyLieBesideFeaturesAndScores() {
        List<SampleName> names = SampleNames.in(features).orElseThrow().read();
        assertThat(names)
                .containsExactly(
                        new SampleName(0, "cat/a.png", 0, "cat", "train"),
                        new SampleName(1, "cat/b, c.png", 0, "cat", "train"),
                        new SampleName(2, "dog/d.png", 1, "dog", "train"),
                        new SampleName(3, "dog/ä.png", 1, "dog", "train"));
        assertThat(ClassNames.read(features.resolve(ClassNames.FILE))).containsExactly("cat", "dog");
        assertThat(ScoreLog.open(run.resolve("scores")).names().orElseThrow().read())
                .isEqualTo(names);
        assertThat(ClassNames.read(run.resolve(ClassNames.FILE))).containsExactly("cat", "dog");
    }

    @Test
    void aProbeOfOtherSamplesGoesWithoutThem() throws Exception {
        Path other = folder.resolve("other.npy");
        try (NpyFile file = NpyFile.open(features.resolve("labels.npy"))) {
            assertThat(file.rows()).isEqualTo(4);
        }
        org.gradmimic.io.npy.NpyWriter.write(features.resolve("part.npy"), new float[3 * 2], 3, 2);
        org.gradmimic.io.npy.NpyWriter.write(other, new long[] {0, 1, 1}, 3);
        Object[] probe = {
            "probe", "--mode", "sgd", "--epochs", "1", "--features", features.resolve("part.npy"), "--labels", other
        };
        Run done = main(with(probe, "--out", folder.resolve("part")));
        assertThat(done.err()).contains("has the names of 4 samples, not of these 3; the run goes without names");
        assertThat(folder.resolve("part/samples.parquet")).doesNotExist();
        Run wrong =
                failing(with(probe, "--out", folder.resolve("wrong"), "--names", features.resolve(SampleNames.FILE)));
        assertThat(wrong.err()).contains("has the names of 4 samples, expected 3");
    }

    private static Object[] with(Object[] arguments, Object... more) {
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of(more));
        return all.toArray();
    }

    @Test
    void aFilterWritesThem() throws Exception {
        Path csv = folder.resolve("filter.csv");
        // In the run's folder, beside the score log.
        Path table = run.resolve("filter.parquet");
        Path list = folder.resolve("discarded.txt");
        Path discarded = folder.resolve("discarded.csv");
        Object[] filter = {
            "filter", "--scores", run, "--use", "weights", "--binarize", "top", "--share", "0.5", "--aggregate", "mean"
        };
        Run first = main(with(filter, "--out", csv, "--discarded", list));
        assertThat(first.err()).doesNotContain("the number of samples is assumed");
        main(with(filter, "--out", table, "--discarded", discarded));
        boolean[] keep = FilterFile.read(table).toBooleans();
        List<String> paths = List.of("cat/a.png", "cat/b, c.png", "dog/d.png", "dog/ä.png");
        List<String> lines = new ArrayList<>();
        List<String> gone = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String quoted = i == 1 ? "\"cat/b, c.png\"" : paths.get(i);
            lines.add(i + "," + keep[i] + "," + quoted + "," + i / 2 + "," + (i < 2 ? "cat" : "dog") + ",train");
            if (!keep[i]) gone.add(paths.get(i));
        }
        assertThat(gone).hasSize(2);
        assertThat(Files.readAllLines(csv)).startsWith("sample_id,keep,path,label,class,split");
        assertThat(Files.readAllLines(csv).subList(1, 5)).isEqualTo(lines);
        assertThat(Files.readAllLines(list)).isEqualTo(gone);
        assertThat(Files.readAllLines(discarded)).hasSize(3).startsWith("sample_id,path,label,class,split");

        Path combined = folder.resolve("combined.csv");
        main(
                "filter",
                "combine",
                "!a",
                "--filter",
                "a=" + table,
                "--names",
                features.resolve(SampleNames.FILE),
                "--out",
                combined);
        assertThat(Files.readAllLines(combined).get(1)).startsWith("0," + !keep[0] + ",cat/a.png,");
    }

    @Test
    void withoutNamesOrWithUidsTheyAreRefused() throws Exception {
        Path scores = folder.resolve("alone/scores.npy");
        Files.createDirectory(scores.getParent());
        Files.copy(run.resolve("sample_weights.npy"), scores);
        Object[] filter = {"filter", "--scores", scores, "--binarize", "k-means"};
        assertThat(failing(with(filter, "--out", folder.resolve("x.csv"))).err())
                .contains("x.csv lists samples by name: give their names with --names");
        Path uids = Files.writeString(folder.resolve("uids.txt"), "0123456789abcdef0123456789abcdef\n".repeat(4));
        assertThat(failing(with(
                                filter,
                                "--out",
                                folder.resolve("x.npy"),
                                "--uids",
                                uids,
                                "--names",
                                features.resolve(SampleNames.FILE)))
                        .err())
                .contains("--names and --uids exclude each other");
        assertThat(failing(with(filter, "--out", folder.resolve("x.npy"), "--discarded", folder.resolve("y.npy")))
                        .err())
                .contains("y.npy: expected a name that ends in .txt, .csv or .parquet");
        assertThat(folder.resolve("x.npy")).doesNotExist();
    }
}
