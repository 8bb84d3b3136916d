package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.gradmimic.score.Pairs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code gradmimic score model --data webdataset:}, from shards to scores, filters and smaller shards. */
class ShardScoreTest {
    private static final int EACH = 11;
    private static final int SHARDS = 3;
    private static final String LAYER = "visual.proj,text_projection";

    @TempDir
    Path folder;

    private final Map<String, String> options = new LinkedHashMap<>();

    @BeforeEach
    void make() throws IOException {
        Pairs.model(folder, "model", "reference", "later");
        Pairs.shards(folder.resolve("shards"), SHARDS, EACH);
        with("quiet", "").with("model", "clip").with("threads", "1").with("batch-size", "4");
        with("data", "webdataset:" + folder.resolve("shards/{00..02}.tar"));
        with("model-config", folder.resolve("c.json")).with("vocabulary", folder.resolve("bpe.txt"));
        with("weights", folder.resolve("model.safetensors")).with("reference", folder.resolve("reference.safetensors"));
        with("mimic-layer", LAYER).with("out", folder.resolve("scores.parquet"));
    }

    private ShardScoreTest with(String option, Object value) {
        options.put(option, value.toString());
        return this;
    }

    private String[] arguments(String... more) {
        List<String> arguments = new ArrayList<>(List.of("score", "model"));
        options.forEach((option, value) -> {
            arguments.add("--" + option);
            if (!value.isEmpty()) arguments.add(value);
        });
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    /** The rows of the output. */
    private List<List<Object>> scored(String... more) {
        Run run = Run.main(arguments(more));
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return rows(Path.of(options.get("out")));
    }

    private static List<List<Object>> rows(Path table) {
        return ParquetRows.of("SELECT * FROM '" + table + "'");
    }

    private Run gradmimic(String line) {
        Run run = Run.main((line + " --quiet").replace("@", folder + "/").split(" "));
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return run;
    }

    /** The pairs of a batch as arrays have the same scores. */
    @Test
    void scoresAreThoseOfArrays() throws IOException {
        List<List<Object>> rows = scored();
        assertThat(rows).hasSize(SHARDS * EACH);
        // 11 pairs of a shard in batches of 4: the last 7 are shared by two batches.
        int[] sizes = {4, 4, 3};
        int row = 0;
        for (int shard = 0; shard < SHARDS; shard++) {
            for (int batch = 0; batch < 3; batch++) {
                float[][] expected = ofArrays(row, sizes[batch]);
                double sum = 0;
                for (int i = 0; i < sizes[batch]; i++, row++) {
                    List<Object> found = rows.get(row);
                    assertThat(found.subList(0, 4)).containsExactly((long) row, 0, 3L * shard + batch, expected[0][i]);
                    float weight = (Float) found.get(4);
                    assertThat((Float) found.get(5)).isEqualTo(weight * sizes[batch]);
                    assertThat(found.get(6)).isEqualTo(expected[1][i]);
                    assertThat((Float) found.get(7)).isBetween(-1f, 1f);
                    assertThat(found.subList(8, 12))
                            .containsExactly(
                                    Pairs.uid(row),
                                    String.format("%06d", row),
                                    batch,
                                    folder.resolve("shards") + "/0" + shard + ".tar");
                    sum += weight;
                }
                assertThat(sum).isCloseTo(1, within(1e-6));
            }
        }
        assertThat(ParquetRows.of("DESCRIBE SELECT * FROM '" + folder.resolve("scores.parquet") + "'").stream()
                        .map(column -> column.get(0) + " " + column.get(1)))
                .containsExactly(
                        "sample_id BIGINT",
                        "epoch INTEGER",
                        "step BIGINT",
                        "score FLOAT",
                        "weight FLOAT",
                        "relative_weight FLOAT",
                        "loss FLOAT",
                        "clip_similarity FLOAT",
                        "uid VARCHAR",
                        "key VARCHAR",
                        "batch INTEGER",
                        "shard VARCHAR");
    }

    /** Scores and losses of samples that come as arrays. */
    private float[][] ofArrays(int from, int count) throws IOException {
        double[] mean = {0.48145466, 0.4578275, 0.40821073};
        double[] std = {0.26862954, 0.26130258, 0.27577711};
        int area = Pairs.SIDE * Pairs.SIDE;
        double[] images = new double[count * 3 * area];
        StringBuilder captions = new StringBuilder();
        for (int i = 0; i < count; i++) {
            byte[] pixels = Pairs.pixels(from + i);
            for (int at = 0; at < 3 * area; at++) {
                int c = at % 3;
                float centred = (pixels[at] & 255) - (float) (255 * mean[c]);
                images[(i * 3 + c) * area + at / 3] = centred * (float) (1 / (255 * std[c]));
            }
            captions.append(Pairs.caption(from + i)).append('\n');
        }
        Path x = Npys.write(folder.resolve("x.npy"), "<f4", images, count, 3, Pairs.SIDE, Pairs.SIDE);
        Files.writeString(folder.resolve("captions.txt"), captions);
        gradmimic("score model --model clip --model-config @c.json --weights @model.safetensors --reference"
                + " @reference.safetensors --images " + x + " --captions @captions.txt --vocabulary @bpe.txt"
                + " --mimic-layer " + LAYER + " --threads 1 --losses @l.npy --out @s.npy");
        return new float[][] {Vectors.floats(folder.resolve("s.npy")), Vectors.floats(folder.resolve("l.npy"))};
    }

    /** An image that is neither square nor of the model's size, prepared by the model's own configuration. */
    @Test
    void theSimilarityOfAPairIsThatOfItsEmbeddings() throws IOException {
        String config = Files.readString(folder.resolve("c.json"));
        Files.writeString(
                folder.resolve("c.json"),
                "{\"model_cfg\": " + config + ", \"preprocess_cfg\": {\"mean\": 0.4, \"std\": [0.2, 0.3, 0.25]}}");
        byte[] image = Pairs.png(90, 51, 7);
        Path images = Files.createDirectories(folder.resolve("images/dog"));
        Files.write(images.resolve("0.png"), image);
        Files.writeString(folder.resolve("caption.txt"), "a dog\n");
        Pairs.write(folder.resolve("one.tar"), Map.of("0", Map.of("png", image, "txt", Pairs.utf8("a dog"))));
        with("data", "webdataset:" + folder.resolve("one.tar"));
        float similarity = (Float) scored().get(0).get(7);

        String clip = "embed --threads 1 --model clip --model-config @c.json --weights @model.safetensors ";
        gradmimic(clip + "--data images:@images --out @x");
        gradmimic(clip + "--captions @caption.txt --vocabulary @bpe.txt --out @t");
        float[] x = Vectors.floats(folder.resolve("x/features.npy"));
        float[] t = Vectors.floats(folder.resolve("t/features.npy"));
        // Both are the same numbers in float; only the cosine is computed in another order.
        assertThat((double) similarity).isCloseTo(dot(x, t) / Math.sqrt(dot(x, x) * dot(t, t)), within(1e-6));
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) sum += (double) a[i] * b[i];
        return sum;
    }

    @Test
    void goesIntoFiltersAndShards() throws IOException {
        scored();
        gradmimic("filter --scores @scores.parquet --uids @scores.parquet --binarize top --share 0.5 --out @top.npy");
        gradmimic("filter combine similar&good --filter similar=@scores.parquet:clip_similarity:top=0.8 --filter"
                + " good=@scores.parquet:top=0.5 --uids @scores.parquet --out @both.npy");
        gradmimic("filter combine both --filter both=@both.npy --uids @scores.parquet --out @both.txt");
        gradmimic("filter reshard --shards @shards --keep @both.npy --out @small");
        String kept = "SELECT uid FROM (SELECT uid, row_number() OVER (ORDER BY score DESC) s, row_number() OVER"
                + " (ORDER BY clip_similarity DESC) c FROM '" + folder.resolve("scores.parquet")
                + "') WHERE s <= 16 AND c <= 26";
        TreeSet<String> expected = new TreeSet<>();
        ParquetRows.of(kept).forEach(row -> expected.add((String) row.get(0)));
        assertThat(expected).hasSizeBetween(3, 16);
        assertThat(Files.readAllLines(folder.resolve("both.txt"))).containsExactlyElementsOf(expected);
        assertThat(uids(folder.resolve("small"))).isEqualTo(expected);
        assertThat(Run.main("filter", "compare", folder + "/both.npy", folder + "/top.npy")
                        .out())
                .contains(" " + expected.size() + " ");
    }

    private static TreeSet<String> uids(Path shards) throws IOException {
        TreeSet<String> uids = new TreeSet<>();
        try (Stream<Path> files = Files.list(shards)) {
            for (Path shard :
                    files.filter(file -> file.toString().endsWith(".tar")).toList()) {
                try (InputStream in = Files.newInputStream(shard);
                        TarArchiveInputStream tar = new TarArchiveInputStream(in)) {
                    for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                        if (!entry.getName().endsWith(".json")) continue;
                        String json = new String(tar.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
                        uids.add(json.replaceAll(".*\"uid\": \"([0-9a-f]+)\".*", "$1"));
                    }
                }
            }
        }
        return uids;
    }

    @Test
    void badSamplesAreListed() throws IOException {
        Map<String, Map<String, byte[]>> samples = Pairs.samples(0, EACH);
        samples.get("000001").put("png", Arrays.copyOf(Pairs.png(1), 700));
        samples.get("000002").remove("png");
        samples.get("000003").put("json", Pairs.utf8("{\"uid\": \"" + Pairs.uid(3) + "\"}"));
        samples.get("000004").put("txt", new byte[] {'a', (byte) 0xe9});
        samples.get("000005").put("json", Pairs.utf8("{\"caption\": \"a, \\\"b\\\"\", \"uid\": \"5\"}"));
        samples.get("000006").put("json", Pairs.utf8("{"));
        samples.get("000008").put("txt", new byte[0]);
        samples.get("000010").remove("json");
        Path shard = folder.resolve("shards/00.tar");
        Pairs.write(shard, samples);
        Path last = folder.resolve("shards/02.tar");
        Files.write(last, Arrays.copyOf(Files.readAllBytes(last), 20_000));

        Run failed = Run.main(arguments());
        failed.assertRefused(
                "score model",
                "00.tar: sample 000001: is corrupt: ",
                "; --bad-samples skip leaves it out and lists it");
        List<List<Object>> rows = scored("--bad-samples", "skip");
        assertThat(rows.stream().map(row -> row.get(9)).limit(5))
                .containsExactly("000000", "000007", "000008", "000009", "000010");
        assertThat(rows.get(4).get(8)).as("a sample without uid").isNull();
        assertThat(rows).hasSizeBetween(5 + EACH + 1, 5 + EACH + 3);
        List<String> lines = Files.readAllLines(folder.resolve("scores.bad.csv"));
        assertThat(lines).hasSize(8).startsWith("shard,key,reason");
        assertThat(lines.get(1)).startsWith(shard + ",000001,").contains("PNG");
        assertThat(lines.get(2)).startsWith(shard + ",000002,").contains("has no image (.jpg, .jpeg");
        assertThat(lines.get(3))
                .isEqualTo(shard + ",000003,\"has no caption: no .txt, and no caption or text in a .json\"");
        assertThat(lines.get(4)).isEqualTo(shard + ",000004,its caption is not UTF-8");
        assertThat(lines.get(5)).isEqualTo(shard + ",000005,\"uid is '5', expected 32 hexadecimal digits\"");
        assertThat(lines.get(6)).startsWith(shard + ",000006,\"its .json is not valid JSON");
        assertThat(lines.get(7)).startsWith(last + ",,\"truncated or damaged archive");
    }

    /** A run that ended at its second shard goes on with it, and its output is that of a run without interruption. */
    @Test
    void goesOnAfterAFailure() throws IOException {
        List<List<Object>> whole = scored("--bad-samples", "skip");
        Files.delete(folder.resolve("scores.parquet"));
        byte[] good = Files.readAllBytes(folder.resolve("shards/01.tar"));
        byte[] bad = good.clone();
        bad[600] ^= 1; // in the first image
        Files.write(folder.resolve("shards/01.tar"), bad);
        Run.main(arguments()).assertRefused("score model", "01.tar: sample 000011: is corrupt");
        assertThat(folder.resolve("scores.parquet")).doesNotExist();

        Run other = Run.main(arguments("--temperature", "2"));
        other.assertRefused(
                "score model", ".scores.parquet.parts, which was started with other settings: --temperature");
        Files.write(folder.resolve("shards/01.tar"), good);
        options.remove("quiet");
        Run run = Run.main(arguments());
        assertThat(run.err()).contains("1 of 3 shards were done before");
        assertThat(run.out()).isEqualTo(folder + "/scores.parquet: scores of 33 samples in 3 shards\n");
        assertThat(rows(folder.resolve("scores.parquet"))).isEqualTo(whole);
        assertThat(folder.resolve(".scores.parquet.parts")).doesNotExist();
    }

    @Test
    void checkpointsAreEpochs() throws IOException {
        with("out", folder.resolve("first.parquet"));
        List<List<Object>> first = scored();
        with("out", folder.resolve("second.parquet"));
        with("weights", folder.resolve("later.safetensors"));
        List<List<Object>> second = scored("--epoch", "1");
        with("weights", folder.resolve("model.safetensors")).with("out", folder.resolve("epochs"));
        Run run = Run.main(
                arguments("--weights", folder.resolve("later.safetensors").toString()));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(rows(folder.resolve("epochs/epoch-0000.parquet"))).isEqualTo(first);
        assertThat(rows(folder.resolve("epochs/epoch-0001.parquet")))
                .isEqualTo(second)
                .isNotEqualTo(first);
        assertThat(second.get(5).subList(0, 3)).containsExactly(5L, 1, 10L);
        gradmimic("filter --scores @epochs --uids @epochs/epoch-0001.parquet --binarize top --share 0.4 --aggregate"
                + " majority --out @keep.npy");
        Run.main(arguments("--weights", folder.resolve("later.safetensors").toString()))
                .assertRefused(
                        "score model", "epochs: exists; the scores of 2 checkpoints are written to a new folder");
    }

    @Test
    void whatDoesNotFit() throws IOException {
        refused("--data webdataset:@shards/{00..03}.tar", "03.tar: no such file, one of ");
        refused("--data webdataset:@none", "none: no such file or folder");
        refused("--data webdataset:@shards/{00", "a { without its }");
        refused("--data webdataset:@shards/{00,00}.tar", "names ", "00.tar twice");
        refused("--out @scores.npy", "scores.npy: the scores of shards must end in .parquet");
        refused("--batch-size 0", "--batch-size is 0; a batch of shards has from 1 to");
        refused("--score cos", "cos cannot be computed for a contrastive loss");
        refused("--mean 0.5", "of --mean and --std both are needed");
        refused("--losses @l.npy", "--losses is not for --data webdataset:");
        refused("--images @x.npy", "leave out --images");
        refused("--model vit", "which only clip scores; vit takes labelled images");
        refused("--bad-list @scores.parquet", "is named for two outputs");
        refused("--reference @reference.safetensors --reference @later.safetensors", "combine them by mean or min");
        refused("--bad-samples no", "'no' is not one of skip, fail");
        with("data", "images:" + folder);
        refused(
                "--data images:@shards",
                "clip compares images with captions: give --images and --tokens, or --data webdataset:");
        assertThat(folder.resolve(".scores.parquet.parts")).doesNotExist();
    }

    private void refused(String changed, String... parts) {
        List<String> words = List.of(changed.replace("@", folder + "/").split(" "));
        Map<String, String> before = new LinkedHashMap<>(options);
        for (String word : words) if (word.startsWith("--")) options.remove(word.substring(2));
        Run.main(arguments(words.toArray(String[]::new))).assertRefused("score model", parts);
        options.clear();
        options.putAll(before);
    }
}
