package org.gradmimic.reshard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.Tool;
import org.gradmimic.reshard.Resharder.Summary;
import org.gradmimic.select.uid.Uid;
import org.gradmimic.select.uid.UidSubset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Members of shards that are not plain: copied byte for byte, or refused by name. */
class ShardMembersTest {
    private static final int HEADER = 512;

    /** Of the sample in the small archives. */
    private static final String UID = "00000000000000010000000000000002";

    @TempDir
    Path folder;

    private Path input;
    private Path output;

    @BeforeEach
    void make() throws IOException {
        input = Files.createDirectory(folder.resolve("in"));
        output = folder.resolve("out");
    }

    private Path resource(String name) throws IOException {
        try (InputStream in = ShardMembersTest.class.getResourceAsStream("/reshard/" + name)) {
            return Files.write(
                    input.resolve("a.tar"), Objects.requireNonNull(in).readAllBytes());
        }
    }

    /** A subset of the uids whose low half is one of these, so often. */
    private static UidSubset subset(long... low) {
        return UidSubset.collect(sorter -> {
            for (long each : low) sorter.add(0, each);
        });
    }

    private static UidSubset uids(String... uids) {
        return UidSubset.collect(sorter -> {
            for (String uid : uids) sorter.add(Uid.high(uid), Uid.low(uid));
        });
    }

    private static String json(long low) {
        return String.format("{\"uid\": \"%032x\"}", low);
    }

    private Summary run(UidSubset subset) {
        return new Resharder(input, output, subset).run((shard, sofar) -> {});
    }

    /** All members stand in the output as in the input; only the zeros at the end may be others. */
    private void assertCopied() throws IOException {
        byte[] before = Files.readAllBytes(input.resolve("a.tar"));
        byte[] after = Files.readAllBytes(output.resolve("a.tar"));
        int end = before.length;
        while (before[end - 1] == 0) end--;
        assertThat(after.length).isGreaterThan(end + 1024);
        assertThat(Arrays.copyOf(after, end)).isEqualTo(Arrays.copyOf(before, end));
        assertThat(IntStream.range(end, after.length).allMatch(i -> after[i] == 0))
                .isTrue();
    }

    @Test
    void sparseMembersAreCopiedAsTheyAre() throws IOException {
        resource("sparse-gnu.tar");
        assertThat(run(uids(UID))).isEqualTo(new Summary(1, 0, 1, 1, 0));
        assertCopied();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gnu", "oldgnu", "pax 0.0", "pax 0.1", "pax 1.0"})
    void sparseFilesOfEveryFormatStaySparse(String format) throws IOException {
        assumeTrue(Tool.hasGnuTar());
        Path source = Files.createDirectory(folder.resolve("source"));
        byte[] expected = new byte[3_000_000];
        try (RandomAccessFile file =
                new RandomAccessFile(source.resolve("a.bin").toFile(), "rw")) {
            file.setLength(expected.length);
            // More pieces than a header has room for.
            for (int i = 0; i < 40; i++) {
                byte[] piece = ("piece " + i).getBytes(StandardCharsets.UTF_8);
                System.arraycopy(piece, 0, expected, i * 65536, piece.length);
                file.seek(i * 65536L);
                file.write(piece);
            }
        }
        Files.writeString(source.resolve("a.json"), json(7));
        Files.writeString(source.resolve("b.json"), json(8));
        Files.writeString(source.resolve("b.txt"), "b");
        String[] parts = format.split(" ");
        Tool.run(
                source,
                "tar",
                "--sparse",
                "--format=" + parts[0],
                parts.length > 1 ? "--sparse-version=" + parts[1] : "--record-size=10240",
                "-cf",
                input.resolve("a.tar").toString(),
                "a.bin",
                "a.json",
                "b.json",
                "b.txt");
        assertThat(Files.size(input.resolve("a.tar"))).isLessThan(1_000_000);
        assertThat(run(subset(7, 7, 8))).isEqualTo(new Summary(1, 0, 2, 3, 0));
        Path out = Files.createDirectory(folder.resolve("extracted"));
        Tool.run(out, "tar", "-xf", output.resolve("a.tar").toString());
        assertThat(out.resolve("a.bin")).hasBinaryContent(expected);
        assertThat(out.resolve("a-1.bin")).hasBinaryContent(expected);
        assertThat(out.resolve("a-1.json")).hasContent(json(7));
        assertThat(out.resolve("b.txt")).hasContent("b");
        if (Tool.hasPython("tarfile")) {
            String names = Tool.python(
                    folder,
                    "import sys, tarfile\nfor m in tarfile.open(sys.argv[1]): print(m.name, m.size)",
                    output.resolve("a.tar"));
            assertThat(names.lines())
                    .containsExactly(
                            "a.bin 3000000", "a.json 43", "a-1.bin 3000000", "a-1.json 43", "b.json 43", "b.txt 1");
        }
    }

    @Test
    void ownersAndModesAreCopiedAsTheyAre() throws IOException {
        resource("large-uid.tar");
        run(uids(UID));
        assertCopied();
    }

    @Test
    void aModeThatNoPermissionsHaveIsCopiedAsItIs() throws IOException {
        resource("wide-mode.tar");
        Summary all = run(uids(
                "a1a5d193b7331128774593512d157a33",
                "36dec1b515ff69f8d03fc8561c1be84d",
                "7413a7544de31c0bbb879a038e95e970",
                "39b0c47d35ea32951f0733e1b56df0b0",
                "45a286be767526003dfc0ae44d257930",
                "012d3df504e98601d8a9a2a2441d7e35"));
        assertThat(all).isEqualTo(new Summary(1, 0, 6, 6, 0));
        assertCopied();
    }

    @Test
    void linksOfASampleAreRefused() throws IOException {
        Path shard = resource("links.tar");
        assertThatThrownBy(() -> run(subset(1)))
                .isInstanceOf(InputException.class)
                .hasMessage(shard + ": member a.jpg is a symbolic link; expected a regular file");
        assertThat(output.resolve("a.tar")).doesNotExist();
    }

    @Test
    void aSizeThatTheFileDoesNotHaveIsRefused() throws IOException {
        Path shard = resource("damaged-size.tar");
        assertThatThrownBy(() -> run(subset(1)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(shard + ": truncated or damaged archive");
    }

    private static byte[] member(byte[] name, String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        byte[] block = new byte[HEADER + (bytes.length + HEADER - 1) / HEADER * HEADER];
        System.arraycopy(name, 0, block, 0, name.length);
        byte[] fields = String.format("0000644\0" + "0000000\0".repeat(2) + "%011o\0" + "00000000000\0", bytes.length)
                .getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(fields, 0, block, 100, fields.length);
        Arrays.fill(block, 148, 156, (byte) ' ');
        block[156] = '0';
        int sum = 0;
        for (int i = 0; i < HEADER; i++) sum += block[i] & 0xff;
        byte[] written = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(written, 0, block, 148, 8);
        System.arraycopy(bytes, 0, block, HEADER, bytes.length);
        return block;
    }

    private static byte[] named(String latin) {
        return latin.getBytes(StandardCharsets.ISO_8859_1);
    }

    private void shard(byte[]... parts) throws IOException {
        try (OutputStream out = Files.newOutputStream(input.resolve("a.tar"))) {
            for (byte[] part : parts) out.write(part);
        }
    }

    @Test
    void namesThatAreNotUtf8StayApartAndAsTheyWere() throws IOException {
        shard(
                member(named("\u00e4.json"), json(1)),
                member(named("\u00e4.txt"), "ae"),
                member(named("\u00fc.json"), json(2)),
                member(named("\u00fc.txt"), "ue"),
                new byte[1024]);
        assertThat(run(subset(1, 2))).isEqualTo(new Summary(1, 0, 2, 2, 0));
        assertCopied();
        Files.delete(output.resolve("a.tar"));
        Files.delete(output.resolve("a_stats.json"));
        run(subset(2, 2));
        byte[] after = Files.readAllBytes(output.resolve("a.tar"));
        assertThat(Arrays.copyOfRange(after, 2048, 2048 + 9)).isEqualTo(named("\u00fc-1.json\0"));
    }

    @Test
    void joinedArchivesAreReadToTheEnd() throws IOException {
        byte[] end = new byte[1024];
        shard(member(named("a.json"), json(1)), end, member(named("b.json"), json(2)), end);
        assertThat(run(subset(1, 2))).isEqualTo(new Summary(1, 0, 2, 2, 0));
        assertThat(List.of(Files.size(output.resolve("a.tar")))).containsExactly(10240L);
    }

    @Test
    void aNameThatLeavesTheFolderIsRefused() throws IOException {
        shard(member(named("../../a.json"), json(1)), new byte[1024]);
        assertThatThrownBy(() -> run(subset(1)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("member ../../a.json would leave the archive's folder");
    }
}
