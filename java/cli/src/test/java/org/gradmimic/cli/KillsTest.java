package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.Models;
import org.gradmimic.model.Safetensors;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Commands that are ended at random moments by SIGTERM and SIGKILL: the exit code, no file half-written, and the same bits
 * when they run again. {@code -Dgradmimic.kills=40} ends each command 40 times by each signal instead of once, and
 * {@code -Dgradmimic.kills.command} chooses some; see docs/robustness.md.
 */
class KillsTest {
    private static final int KILLS = Integer.getInteger("gradmimic.kills", 1);
    private static final List<String> COMMANDS =
            List.of(System.getProperty("gradmimic.kills.command", "").split(","));
    private static final Path REPORT = Path.of("target/kills.md");

    /** A command that hangs is found all the same, and one beside busy processes takes much longer than alone. */
    private static final int MINUTES = 30;

    @TempDir
    Path folder;

    private final Random random = new Random(Long.getLong("gradmimic.kills.seed", 1));

    @ParameterizedTest
    @CsvSource({
        "demo, TERM, 143", "demo, KILL, 137",
        "probe, TERM, 143", "probe, KILL, 137",
        "audit, TERM, 143", "audit, KILL, 137",
        "train, TERM, 143", "train, KILL, 137",
        "score features, TERM, 143", "score features, KILL, 137",
        "filter, TERM, 143", "filter, KILL, 137",
        "filter reshard, TERM, 143", "filter reshard, KILL, 137"
    })
    void leavesWholeFilesAndEndsWithTheSameBits(String command, String signal, int code) throws Exception {
        assumeTrue(COMMANDS.contains("") || COMMANDS.contains(command), "another command was chosen");
        makeInputs();
        Path whole = output(command, "whole");
        long start = System.nanoTime();
        Process reference = start(command, whole);
        assertThat(reference.waitFor(MINUTES, TimeUnit.MINUTES)).as("ends").isTrue();
        assertThat(reference.exitValue()).as(stderr()).isZero();
        long duration = System.nanoTime() - start;
        Map<String, String> expected = content(whole);
        int killed = 0;
        for (int i = 0; i < KILLS; i++) {
            Path out = output(command, "killed" + i);
            if (end(command, out, signal, duration, code)) killed++;
            // In a process of its own, as a user would: this one's number of threads may be another test's.
            Process again = start(command, out);
            assertThat(again.waitFor(MINUTES, TimeUnit.MINUTES)).as("ends").isTrue();
            // The signal may have come after the last file was written. Such a run is refused, and has to be whole.
            if (!stderr().contains("it contains a finished run")) {
                assertThat(again.exitValue())
                        .as("%s, run again: %s", command, stderr())
                        .isZero();
            }
            assertThat(content(out)).as("%s, run again", command).isEqualTo(expected);
            assertThat(temporaries()).as("files under way").isEmpty();
            delete(out);
        }
        String line = String.format(Locale.ROOT, "| `%s` | SIG%s | %d | %d |%n", command, signal, KILLS, killed);
        Files.writeString(REPORT, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static void delete(Path out) throws IOException {
        try (Stream<Path> files = Files.walk(out)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }

    /** Runs the command, ends it at a random moment and looks at what it left; whether it was ended before its end. */
    private boolean end(String command, Path out, String signal, long duration, int code) throws Exception {
        Process process = start(command, out);
        try {
            TimeUnit.NANOSECONDS.sleep((long) (random.nextDouble() * duration));
            new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
            assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES))
                    .as("%s ends", command)
                    .isTrue();
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(process.exitValue()).as("%s: %s", command, stderr()).isIn(0, code);
        if (signal.equals("TERM"))
            assertThat(temporaries()).as("left by SIGTERM").isEmpty();
        if (Files.isRegularFile(out)) {
            // Under its name a file is whole.
            assertThat(content(out)).isEqualTo(content(output(command, "whole")));
        }
        return process.exitValue() == code;
    }

    private Process start(String command, Path out) throws IOException {
        ProcessBuilder builder = Run.java("-XX:ErrorFile=" + folder.resolve("crash.log"), Main.class.getName());
        builder.command().addAll(Arrays.asList(arguments(command, out)));
        return builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(folder.resolve("err.txt").toFile())
                .start();
    }

    private String stderr() throws IOException {
        return Files.readString(folder.resolve("err.txt"));
    }

    private Path output(String command, String name) {
        return folder.resolve(command.startsWith("score") || command.equals("filter") ? name + ".npy" : name);
    }

    private List<String> temporaries() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(AtomicFile::isTemporary).map(Path::toString).toList();
        }
    }

    /** What does not depend on time: rows of the score log, bytes of the other files; hidden files are no results. */
    private static Map<String, String> content(Path out) throws IOException {
        Map<String, String> content = new TreeMap<>();
        if (Files.isRegularFile(out)) return Map.of("", bytes(out));
        List<Path> entries;
        try (Stream<Path> files = Files.list(out)) {
            entries = files.toList();
        }
        for (Path entry : entries) {
            String name = entry.getFileName().toString();
            if (name.startsWith(".")) continue;
            if (Files.isDirectory(entry)) {
                content.put(name, rows(entry));
            } else if (name.startsWith("metrics.json")) {
                content.put(
                        name,
                        Files.readString(entry)
                                .replaceAll("\"(evaluation_)?(seconds|waited)\" ?: ?(\\{[^}]*}|[^,}\n]*)", ""));
            } else {
                content.put(name, bytes(entry));
            }
        }
        return content;
    }

    private static String rows(Path log) {
        StringBuilder rows = new StringBuilder();
        ScoreLog.open(log)
                .forEachRow((id, epoch, step, score, weight, relative, loss) -> rows.append(id + " " + epoch + " "
                        + step + " " + score + " " + weight + " " + relative + " " + loss + "\n"));
        return digest(rows.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String bytes(Path file) throws IOException {
        return digest(Files.readAllBytes(file));
    }

    private static String digest(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private void makeInputs() throws IOException {
        Photos.write(folder.resolve("photos"), 200, 0.2, 1);
        float[] scores = new float[400_000];
        for (int i = 0; i < scores.length; i++) scores[i] = random.nextFloat() * (1 + i % 3);
        NpyWriter.write(folder.resolve("scores.npy"), scores, 4, scores.length / 4);
        Path shards = Files.createDirectory(folder.resolve("shards"));
        StringBuilder kept = new StringBuilder();
        for (int shard = 0; shard < 12; shard++) {
            try (OutputStream out = Files.newOutputStream(shards.resolve(shard + ".tar"));
                    TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
                for (int i = 0; i < 4; i++) add(tar, String.format(Locale.ROOT, "%09d", 4 * shard + i), kept);
            }
        }
        Files.writeString(folder.resolve("kept.txt"), kept);
    }

    private void add(TarArchiveOutputStream tar, String key, StringBuilder kept) throws IOException {
        String uid = String.format("%016x%016x", random.nextLong(), random.nextLong());
        if (random.nextBoolean()) kept.append(uid).append('\n');
        byte[] image = new byte[200_000];
        random.nextBytes(image);
        Map<String, byte[]> files = new HashMap<>();
        files.put(".jpg", image);
        files.put(".json", ("{\"uid\": \"" + uid + "\"}").getBytes(StandardCharsets.UTF_8));
        for (String ending : new String[] {".jpg", ".json"}) {
            TarArchiveEntry entry = new TarArchiveEntry(key + ending);
            entry.setSize(files.get(ending).length);
            tar.putArchiveEntry(entry);
            tar.write(files.get(ending));
            tar.closeArchiveEntry();
        }
    }

    /** Random weights as the reference of {@code train}. */
    private Path reference() {
        Path file = folder.resolve("reference.safetensors");
        if (Files.exists(file)) return file;
        ImageClassifier model = Models.openClassifier(Models.Kind.RESNET, "resnet10_cifar", 4, 16);
        try (ModelWeights weights = ModelWeights.random(model, 5)) {
            Map<String, Tensor> tensors = new TreeMap<>();
            for (String name : weights.parameters().names())
                tensors.put(name, weights.parameters().tensor(name));
            Safetensors.write(file, Map.of(), tensors);
        }
        return file;
    }

    /** Arguments of a command that writes to {@code out}; running them again continues where that is possible. */
    private String[] arguments(String command, Path out) {
        return switch (command) {
            case "demo" ->
                new String[] {
                    "demo",
                    "--quiet",
                    "--data",
                    "drawn:classes=4,train=400,test=80",
                    "--backbone-epochs",
                    "2",
                    "--epochs",
                    "10",
                    "--resume",
                    "--out",
                    out.toString()
                };
            case "probe" ->
                new Problem(folder, 1, 2000, 16, 4)
                        .probe("mimic")
                        .with("epochs", 30)
                        .with("batch-size", 32)
                        .with("quiet", "")
                        .with("resume", "")
                        .with("out", out)
                        .arguments("probe");
            case "audit" ->
                new String[] {
                    "audit",
                    "--quiet",
                    "--data",
                    "images:" + folder.resolve("photos"),
                    "--backbone-epochs",
                    "1",
                    "--epochs",
                    "10",
                    "--resume",
                    "--out",
                    out.toString()
                };
            case "train" ->
                new String[] {
                    "train",
                    "--quiet",
                    "--data",
                    "drawn:classes=4,train=300,test=40,size=16",
                    "--model",
                    "resnet",
                    "--model-config",
                    "resnet10_cifar",
                    "--img-size",
                    "16",
                    "--mode",
                    "mimic",
                    "--reference",
                    reference().toString(),
                    "--batch-size",
                    "16",
                    "--epochs",
                    "3",
                    "--checkpoint-steps",
                    "5",
                    "--crop",
                    "shift",
                    "--resume",
                    "--out",
                    out.toString()
                };
            case "score features" -> {
                Problem problem = new Problem(folder, 1, 20_000, 64, 10).score();
                yield problem.with("out", out)
                        .with("batch-size", 32)
                        .with("quiet", "")
                        .arguments(command);
            }
            case "filter" ->
                new String[] {
                    "filter",
                    "--scores",
                    folder.resolve("scores.npy").toString(),
                    "--binarize",
                    "mixture",
                    "--aggregate",
                    "label-model",
                    "--out",
                    out.toString()
                };
            case "filter reshard" ->
                new String[] {
                    "filter",
                    "reshard",
                    "--quiet",
                    "--shards",
                    folder.resolve("shards").toString(),
                    "--keep",
                    folder.resolve("kept.txt").toString(),
                    "--out",
                    out.toString()
                };
            default -> throw new AssertionError(command);
        };
    }
}
