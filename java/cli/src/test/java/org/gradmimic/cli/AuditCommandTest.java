package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code gradmimic audit}, in small: 400 images of four classes, 30 % of them in the wrong folder. */
class AuditCommandTest {
    @TempDir
    Path folder;

    private Path photos;
    private Set<String> wrong;

    @BeforeEach
    void write() throws Exception {
        photos = folder.resolve("photos");
        wrong = Photos.write(photos, 400, 0.3, 1);
        assertThat(wrong).hasSize(120);
    }

    private Run audit(Path out, Object... more) {
        List<String> args = new ArrayList<>(List.of("audit", "--data", "images:" + photos, "--out", out.toString()));
        for (Object one : more) args.add(one.toString());
        return Run.main(args.toArray(String[]::new));
    }

    /** F1 of the discarded paths. */
    private double f1(Path out) throws Exception {
        Set<String> kept = new HashSet<>(Files.readAllLines(out.resolve("kept.txt")));
        int found = 0;
        int discarded = 0;
        try (Stream<Path> files = Files.walk(photos)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String path = photos.relativize(file).toString();
                if (kept.contains(path)) continue;
                discarded++;
                if (wrong.contains(path)) found++;
            }
        }
        return 2.0 * found / (discarded + wrong.size());
    }

    @Test
    void findsWrongLabelsWithAndWithoutTrustedSamples() throws Exception {
        Path own = folder.resolve("own");
        Run run = audit(own, "--apply", "link");
        assertThat(run.code()).as(run.err()).isZero();
        // The tasks are easy: a filter at random would have an F1 of 0.38.
        assertThat(f1(own)).as(run.out()).isGreaterThan(0.8);
        assertThat(run.err()).contains("train: 4 classes: class0 ");
        assertThat(run.out())
                .startsWith("note: there are no trusted samples")
                .contains("pairwise noise", "believed wrong");
        List<String> csv = Files.readAllLines(own.resolve("issues.csv"));
        String worst = csv.get(1).split(",")[2];
        assertThat(run.out()).contains(worst);
        List<String> kept = Files.readAllLines(own.resolve("kept.txt"));
        assertThat(own.resolve("kept").resolve(kept.get(0)))
                .isSymbolicLink()
                .hasSameBinaryContentAs(photos.resolve(kept.get(0)));
        assertThat(links(own.resolve("kept"))).containsExactlyInAnyOrderElementsOf(kept);
        JsonNode metrics = JsonMapper.builder().build().readTree(Files.readAllBytes(own.resolve("metrics.json")));
        assertThat(metrics.get("issues").asInt()).isEqualTo(csv.size() - 1);
        assertThat(metrics.at("/quality/trusted").asBoolean()).isFalse();
        assertThat(metrics.at("/classes").size()).isEqualTo(4);

        Path clean = folder.resolve("clean");
        Photos.write(clean, 200, 0, 2);
        Path out = folder.resolve("trusted");
        run = audit(out, "--trusted", "images:" + clean);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(f1(out)).as(run.out()).isGreaterThan(0.8);
        assertThat(run.out())
                .contains("reference: right on ", "of 40 trusted samples that were held out; trained on 160")
                .doesNotContain("pairwise");
    }

    private static Set<String> links(Path folder) throws Exception {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isSymbolicLink)
                    .map(file -> folder.relativize(file).toString())
                    .collect(Collectors.toSet());
        }
    }

    @Test
    void takesTrustedSamplesByPathAndIsNotStartedTwice() throws Exception {
        Path out = folder.resolve("out");
        List<String> right;
        try (Stream<Path> files = Files.walk(photos)) {
            right = files.filter(Files::isRegularFile)
                    .map(file -> photos.relativize(file).toString())
                    .filter(path -> !wrong.contains(path))
                    .sorted()
                    .filter(path -> path.hashCode() % 4 == 0)
                    .toList();
        }
        Path list = Files.write(folder.resolve("trusted.txt"), right);
        Object[] quick = {"--trusted-ids", list, "--epochs", "3", "--backbone-epochs", "2", "--apply", "copy"};
        Run run = audit(out, quick);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(Files.readAllLines(out.resolve("kept.txt"))).containsAll(right);
        assertThat(out.resolve("kept").resolve(right.get(0))).isRegularFile();
        assertThat(photos.resolve(right.get(0))).isRegularFile();

        assertThat(audit(out, quick).err()).contains(out.toString(), "contains a finished run", "--overwrite");
        Object[] again =
                Stream.concat(Arrays.stream(quick), Stream.of("--overwrite")).toArray();
        run = audit(out, again);
        assertThat(run.code()).as(run.err()).isZero();

        Object[] other = {
            "--trusted-ids", list, "--epochs", "3", "--model", out.resolve("backbone.safetensors"), "--apply", "list"
        };
        Path given = folder.resolve("given");
        run = audit(given, other);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).doesNotContain("no model is given");
        assertThat(given.resolve("features.npy")).hasSameBinaryContentAs(out.resolve("features.npy"));
        assertThat(given.resolve("issues.csv")).hasSameBinaryContentAs(out.resolve("issues.csv"));
        assertThat(given.resolve("backbone.safetensors")).doesNotExist();
        assertThat(audit(folder.resolve("other"), "--size", "32").err())
                .contains("options of a model are given, but not --model");

        Files.writeString(list, "class0/none.png\n");
        assertThat(audit(folder.resolve("other"), "--trusted-ids", list).err())
                .contains("line 1 is 'class0/none.png', neither the path of a sample, such as class0/");
        assertThat(audit(folder.resolve("other"), "--trusted-ids", list, "--trusted", "images:" + photos)
                        .err())
                .contains("--trusted and --trusted-ids exclude each other");
        assertThat(folder.resolve("other")).doesNotExist();
    }

    @Test
    void goesOnWhenItWasKilled() throws Exception {
        Path out = folder.resolve("out");
        String[] arguments = {
            "audit",
            "--quiet",
            "--data",
            "images:" + photos,
            "--epochs",
            "60",
            "--backbone-epochs",
            "1",
            "--out",
            out.toString(),
            "--resume"
        };
        ProcessBuilder builder = Run.java(Main.class.getName());
        builder.command().addAll(List.of(arguments));
        Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            while (process.isAlive() && !Files.exists(out.resolve(".checkpoint"))) Thread.sleep(5);
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(process.exitValue()).isEqualTo(137);
        Run other = Run.main(Stream.concat(Arrays.stream(arguments), Stream.of("--seed", "9"))
                .toArray(String[]::new));
        assertThat(other.err()).contains("other settings: --seed (1, now 9)");
        Run run = Run.main(arguments);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(out.resolve("issues.csv")).isRegularFile();
    }
}
