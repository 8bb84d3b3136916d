package org.gradmimic.reshard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.run.FolderLock;
import org.gradmimic.reshard.Resharder.Summary;
import org.gradmimic.select.uid.Uid;
import org.gradmimic.select.uid.UidSubset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResharderTest {
    @TempDir
    Path folder;

    private Path input;
    private Path output;

    @BeforeEach
    void make() throws IOException {
        input = Files.createDirectory(folder.resolve("in"));
        output = folder.resolve("out");
    }

    private static String uid(int i) {
        return String.format("%016x%016x", i * 0x9e3779b97f4a7c15L, i);
    }

    private static String key(int i) {
        return String.format("%08d", i);
    }

    private static Path shard(Path file, Map<String, byte[]> files) {
        try (OutputStream raw = new BufferedOutputStream(Files.newOutputStream(file));
                OutputStream out = file.toString().endsWith(".tar") ? raw : new GZIPOutputStream(raw);
                TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setAddPaxHeadersForNonAsciiNames(true);
            for (Map.Entry<String, byte[]> content : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(content.getKey());
                entry.setSize(content.getValue().length);
                entry.setModTime(1_700_000_000_000L);
                entry.setMode(0100640);
                entry.setUserId(12);
                tar.putArchiveEntry(entry);
                tar.write(content.getValue());
                tar.closeArchiveEntry();
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return file;
    }

    /** Samples first to last − 1, with an image of random bytes, a caption and a json with the uid. */
    private static Map<String, byte[]> samples(int first, int last) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (int i = first; i < last; i++) {
            byte[] image = new byte[new Random(i).nextInt(3000)];
            new Random(i).nextBytes(image);
            files.put(key(i) + ".jpg", image);
            files.put(key(i) + ".txt", ("caption é " + i).getBytes(StandardCharsets.UTF_8));
            files.put(
                    key(i) + ".json",
                    ("{\"exif\": {\"uid\": \"no\"}, \"list\": [{}], \"uid\": \"" + uid(i) + "\", \"url\": null}")
                            .getBytes(StandardCharsets.UTF_8));
        }
        return files;
    }

    private static UidSubset subset(int... samples) {
        return UidSubset.collect(sorter -> {
            for (int i : samples) {
                sorter.add(Uid.high(uid(i)), Uid.low(uid(i)));
            }
        });
    }

    private static Map<String, byte[]> read(Path shard) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        try (InputStream raw = Files.newInputStream(shard);
                InputStream in = shard.toString().endsWith(".tar") ? raw : new GZIPInputStream(raw);
                TarArchiveInputStream tar = new TarArchiveInputStream(in, "UTF-8")) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                assertThat(files.put(entry.getName(), tar.readAllBytes())).isNull();
                assertThat(entry.getLastModifiedTime().toMillis()).isEqualTo(1_700_000_000_000L);
                assertThat(entry.getMode() & 0777).isEqualTo(0640);
                assertThat(entry.getLongUserId()).isEqualTo(12);
            }
        }
        return files;
    }

    private static void assertSame(Map<String, byte[]> actual, Map<String, byte[]> expected) {
        assertThat(new ArrayList<>(actual.keySet())).isEqualTo(new ArrayList<>(expected.keySet()));
        actual.forEach((name, content) -> assertThat(content).as(name).isEqualTo(expected.get(name)));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString())
                    .filter(name -> !name.equals(".lock"))
                    .sorted()
                    .toList();
        }
    }

    private Summary run(UidSubset subset) {
        return new Resharder(input, output, subset).run((shard, sofar) -> {});
    }

    @ParameterizedTest
    @ValueSource(strings = {".tar", ".tar.gz", ".tgz"})
    void keepsTheSamplesOfTheSubsetAsTheyWere(String ending) throws IOException {
        shard(input.resolve("00000" + ending), samples(0, 10));
        shard(input.resolve("00001" + ending), samples(10, 20));
        shard(input.resolve("00002" + ending), samples(20, 22));
        List<String> told = new ArrayList<>();
        Resharder resharder = new Resharder(input, output, subset(3, 4, 9, 20, 99));
        assertThat(resharder.shards()).isEqualTo(3);
        Summary summary = resharder.run((shard, sofar) -> told.add(shard + " " + sofar.kept()));

        assertThat(summary).isEqualTo(new Summary(3, 0, 22, 4, 1));
        assertThat(told).containsExactly("00000" + ending + " 3", "00001" + ending + " 3", "00002" + ending + " 4");
        Map<String, byte[]> expected = samples(3, 5);
        expected.putAll(samples(9, 10));
        assertSame(read(output.resolve("00000" + ending)), expected);
        assertSame(read(output.resolve("00002" + ending)), samples(20, 21));
        // A shard without samples is no shard.
        assertThat(names(output))
                .containsExactlyInAnyOrder(
                        "00000" + ending, "00000_stats.json", "00001_stats.json", "00002" + ending, "00002_stats.json");
        assertThat(Files.readString(output.resolve("00000_stats.json")))
                .startsWith("{\"successes\": 3, \"samples\": 10, \"uids\": 3, \"subset\": \"");
    }

    @Test
    void anotherRunInTheSameFolderIsRefused() throws IOException {
        shard(input.resolve("a.tar"), samples(0, 3));
        try (FolderLock lock = FolderLock.take(output)) {
            assertThatThrownBy(() -> run(subset(1)))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(output.toString());
        }
        assertThat(names(output)).isEmpty();
        assertThat(run(subset(1)).kept()).isEqualTo(1);
    }

    @Test
    void aSampleInTheSubsetSeveralTimesIsWrittenSoOften() throws IOException {
        shard(input.resolve("a.tar"), samples(0, 3));
        assertThat(run(subset(1, 1, 2, 1))).isEqualTo(new Summary(1, 0, 3, 4, 0));
        Map<String, byte[]> one = samples(1, 2);
        Map<String, byte[]> expected = new LinkedHashMap<>(one);
        for (String copy : List.of("-1", "-2")) {
            one.forEach((name, content) -> expected.put(name.replace(".", copy + "."), content));
        }
        expected.putAll(samples(2, 3));
        assertSame(read(output.resolve("a.tar")), expected);
    }

    @Test
    void namesAreSplitAtTheFirstDotOfTheLastPart() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        String folder = "some.folder/" + "long".repeat(40) + "/日本";
        files.put(folder + ".seg.PNG", new byte[] {1});
        files.put(folder + ".Json", ("{\"uid\":\"" + uid(1).toUpperCase() + "\"}").getBytes(StandardCharsets.UTF_8));
        files.put("README", new byte[] {2});
        files.put(".hidden", new byte[] {3});
        files.put("b.json", ("{\"uid\":\"" + uid(2) + "\"}").getBytes(StandardCharsets.UTF_8));
        shard(input.resolve("a.tar"), files);
        assertThat(run(subset(1))).isEqualTo(new Summary(1, 0, 2, 1, 0));
        files.keySet().removeAll(List.of("README", ".hidden", "b.json"));
        assertSame(read(output.resolve("a.tar")), files);
    }

    @Test
    void uidsComeFromTheParquetBesideWhereTheJsonHasNone() throws IOException {
        Map<String, byte[]> files = samples(0, 4);
        files.remove(key(1) + ".json");
        files.put(key(2) + ".json", "{\"caption\": \"x\", \"uid\": null}".getBytes(StandardCharsets.UTF_8));
        shard(input.resolve("00000.tar"), files);
        new ParquetColumns()
                .texts("key", new String[] {key(1), key(2)})
                .texts("uid", new String[] {uid(11), uid(12)})
                .write(input.resolve("00000.parquet"));
        run(subset(0, 11, 12));
        files.keySet().removeIf(name -> name.startsWith(key(3)));
        assertSame(read(output.resolve("00000.tar")), files);
    }

    @Test
    void anInterruptedRunIsResumed() throws IOException {
        for (int i = 0; i < 4; i++) {
            shard(input.resolve(i + ".tar"), samples(10 * i, 10 * i + 10));
        }
        UidSubset subset = subset(1, 11, 12, 31);
        Resharder resharder = new Resharder(input, output, subset);
        assertThatThrownBy(() -> resharder.run((shard, sofar) -> {
                    if (shard.equals("1.tar")) {
                        throw new IllegalStateException("interrupted");
                    }
                }))
                .hasMessage("interrupted");
        assertThat(names(output)).containsExactly("0.tar", "0_stats.json", "1.tar", "1_stats.json");
        byte[] first = Files.readAllBytes(output.resolve("0.tar"));
        // As if it had been killed between the statistics and the tar.
        Files.delete(output.resolve("1.tar"));
        Files.delete(input.resolve("0.tar"));
        shard(input.resolve("0.tar"), samples(0, 1)); // not looked at again

        assertThat(run(subset)).isEqualTo(new Summary(4, 1, 40, 4, 0));
        assertThat(output.resolve("0.tar")).hasBinaryContent(first);
        assertSame(read(output.resolve("1.tar")), samples(11, 13));
        assertSame(read(output.resolve("3.tar")), samples(31, 32));
        assertThat(names(output))
                .containsExactly(
                        "0.tar", "0_stats.json", "1.tar", "1_stats.json", "2_stats.json", "3.tar", "3_stats.json");
        assertThat(run(subset)).isEqualTo(new Summary(4, 4, 40, 4, 0));

        assertThatThrownBy(() -> run(subset(1, 11, 12, 32)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("0_stats.json: was made with another subset");
    }

    @Test
    void uidsInNoShardAreCounted() throws IOException {
        shard(input.resolve("0.tar"), samples(0, 10));
        shard(input.resolve("1.tar"), samples(5, 20)); // 5 to 9 again
        UidSubset subset = subset(5, 5, 7, 19, 20, 21, 21);
        assertThat(run(subset).missing()).isEqualTo(2);
        // Of shards that are done only the numbers are known: a uid in two of them counts twice.
        Files.delete(output.resolve("0.tar"));
        assertThat(run(subset)).isEqualTo(new Summary(2, 1, 25, 7, 0));
        // An older version did not count.
        Path stats = output.resolve("1_stats.json");
        Files.writeString(stats, Files.readString(stats).replaceFirst("\"uids\": 3, ", ""));
        assertThat(run(subset).missing()).isEqualTo(-1);
    }

    @Test
    void whatIsPassedOverIsCounted() throws IOException {
        Map<String, byte[]> files = samples(0, 4);
        files.put("LICENSE", new byte[3]);
        files.put("a/.hidden", new byte[3]);
        shard(input.resolve("0.tar"), files);
        Files.writeString(input.resolve("0.parquet"), "beside the shard");
        Files.writeString(input.resolve("0_stats.json"), "{}");
        Resharder resharder = new Resharder(input, output, subset(1));
        assertThat(resharder.notes()).isEmpty();
        resharder.run((shard, sofar) -> {});
        assertThat(resharder.notes())
                .containsExactly("2 files are of no sample (no dot in the name) and were passed over, such as "
                        + input.resolve("0.tar") + ": LICENSE");
        Files.writeString(input.resolve("1.tar.zst"), "an archive for others");
        assertThat(new Resharder(input, output, subset(1)).notes())
                .containsExactly("1 file is no shard and was passed over, such as 1.tar.zst");
    }

    private void assertRefused(String... parts) throws IOException {
        assertThatThrownBy(() -> run(subset(0)))
                .isInstanceOf(InputException.class)
                .hasMessageContainingAll(parts);
        assertThat(Files.exists(output) ? names(output) : List.of()).isEmpty();
    }

    @Test
    void damagedShardsAreNamedAndNothingIsWritten() throws IOException {
        assertRefused(input + ": no shard in this folder");
        Path shard = shard(input.resolve("00000.tar"), samples(0, 5));
        byte[] whole = Files.readAllBytes(shard);
        for (int length : new int[] {700, whole.length / 2, whole.length - 10_000}) {
            Files.write(shard, Arrays.copyOf(whole, length));
            assertRefused(shard + ": truncated or damaged archive");
        }
        Files.writeString(shard, "no tar");
        assertRefused(shard + ": not a tar archive");

        Map<String, byte[]> files = samples(0, 2);
        files.put(key(1) + ".json", "{\"uid\": \"12\"}".getBytes(StandardCharsets.UTF_8));
        shard(shard, files);
        assertRefused(shard + ": sample " + key(1) + ": uid is '12', expected 32 hexadecimal digits");
        files.put(key(1) + ".json", "{\"uid\" \"12\"}".getBytes(StandardCharsets.UTF_8));
        shard(shard, files);
        assertRefused(shard + ": sample " + key(1) + ": its .json is not valid JSON");
        files.put(key(1) + ".json", "[]".getBytes(StandardCharsets.UTF_8));
        shard(shard, files);
        assertRefused("its .json is not an object");
        files.put(key(1) + ".json", "{}".getBytes(StandardCharsets.UTF_8));
        shard(shard, files);
        assertRefused(shard + ": sample " + key(1) + " has no uid", "00000.parquet");
        files.remove(key(1) + ".json");
        shard(shard, files);
        assertRefused(shard + ": sample " + key(1) + " has no uid", "for want of a .json");
    }

    @Test
    void nothingOfOthersIsOverwritten() throws IOException {
        Path shard = shard(input.resolve("00000.tar"), samples(0, 5));
        assertThatThrownBy(() -> new Resharder(input, input, subset(0)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is also the input");
        assertThatThrownBy(() -> new Resharder(shard, input, subset(0)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is also the input");
        Files.createDirectory(output);
        Path other = Files.writeString(output.resolve("00000.tar"), "precious");
        assertThatThrownBy(() -> run(subset(0)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(other + " exists and is not from resharding");
        assertThat(other).hasContent("precious");
        Files.delete(other);
        Files.writeString(output.resolve("00000_stats.json"), "{\"successes\": 5}");
        assertThatThrownBy(() -> run(subset(0)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("00000_stats.json: is not from resharding");
        shard(input.resolve("00000.tar.gz"), samples(0, 5));
        assertThatThrownBy(() -> run(subset(0)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("are shards of the same name");
    }
}
