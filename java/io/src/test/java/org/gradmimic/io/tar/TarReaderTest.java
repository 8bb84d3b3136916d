package org.gradmimic.io.tar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.Tool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarReaderTest {
    /** Makes an archive with what is unusual, and prints what Python's own module reads of it. */
    private static final String PYTHON = """
            import io, sys, tarfile, zlib
            path, kind = sys.argv[1], sys.argv[2]
            formats = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
            def member(tar, name, content=b"", **facts):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                for key, value in facts.items(): setattr(info, key, value)
                tar.addfile(info, io.BytesIO(content))
            with tarfile.open(path, "w", format=formats[kind], encoding="utf-8", errors="surrogateescape") as tar:
                member(tar, "./a/1.txt", b"one")
                member(tar, "a", type=tarfile.DIRTYPE)
                member(tar, "e\\u00e9/\\u65e5\\u672c.bin", bytes(1000))
                member(tar, b"raw-\\xe4.txt".decode("utf-8", "surrogateescape"), b"x")
                member(tar, b"raw-\\xfc.txt".decode("utf-8", "surrogateescape"), b"y")
                member(tar, "d" * 90 + "/" + "f" * 90, b"long")
                if kind != "ustar":
                    member(tar, "deep/" * 100 + "6.txt", b"deep")
                    member(tar, "owner", b"2", uid=4294967294, gid=3000000000, mtime=-5)
                member(tar, "sym", type=tarfile.SYMTYPE, linkname="a/1.txt")
                member(tar, "hard", type=tarfile.LNKTYPE, linkname="a/1.txt")
                member(tar, "pipe", type=tarfile.FIFOTYPE)
                member(tar, "exact", bytes(range(256)) * 2)
            with tarfile.open(path, encoding="utf-8", errors="surrogateescape") as tar:
                for info in tar:
                    kind = ("FILE" if info.isreg() else "DIRECTORY" if info.isdir() else "SYMBOLIC_LINK"
                            if info.issym() else "HARD_LINK" if info.islnk() else "OTHER")
                    content = tar.extractfile(info).read() if info.isreg() else b""
                    name = info.name[2:] if info.name.startswith("./") else info.name
                    print(name.encode("utf-8", "surrogateescape").hex(), kind, len(content), zlib.crc32(content))
            """;

    @TempDir
    Path folder;

    private static List<String> read(Path path) throws IOException {
        List<String> members = new ArrayList<>();
        try (TarReader tar = new TarReader(path)) {
            for (TarMember member = tar.next(); member != null; member = tar.next()) {
                byte[] content = tar.content();
                CRC32 sum = new CRC32();
                sum.update(content);
                members.add(HexFormat.of().formatHex(TarNames.encode(member.name())) + " " + member.kind() + " "
                        + content.length + " " + sum.getValue());
            }
        }
        return members;
    }

    @ParameterizedTest
    @ValueSource(strings = {"ustar", "gnu", "pax"})
    void readsWhatPythonReads(String format) throws IOException {
        assumeTrue(Tool.hasPython("tarfile"));
        Path path = folder.resolve("a.tar");
        String expected = Tool.python(folder, PYTHON, path, format);
        assertThat(read(path)).containsExactlyElementsOf(expected.lines().toList());
        assertThat(read(path)).hasSizeGreaterThan(9);
    }

    static byte[] header(String name, char type, long size) {
        byte[] block = TarHeader.longName(name.getBytes(StandardCharsets.UTF_8));
        byte[] header = new byte[TarHeader.BLOCK];
        System.arraycopy(block, 0, header, 0, header.length);
        header[156] = (byte) type;
        return new TarHeader(new TarHeader(header).sized(size)).named(name.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] file(String name, String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        return TarHeader.padded(header(name, '0', bytes.length), bytes);
    }

    private Path archive(byte[]... parts) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) all.writeBytes(part);
        return Files.write(folder.resolve("a.tar"), all.toByteArray());
    }

    private static final byte[] END = new byte[1024];

    private void assertRefused(Path path, String... parts) {
        assertThatThrownBy(() -> read(path))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(path + ": ")
                .hasMessageContainingAll(parts);
    }

    @Test
    void joinedArchivesAreReadOneAfterTheOther() throws IOException {
        byte[] one = file("1.txt", "a");
        byte[] two = file("2.txt", "bb");
        assertThat(read(archive(one, END, two, END))).hasSize(2);
        assertThat(read(archive(one, END, new byte[8192], two, END))).hasSize(2);
        Path zipped = folder.resolve("a.tar.gz");
        try (OutputStream out = Files.newOutputStream(zipped)) {
            for (byte[] each : List.of(one, two)) {
                GZIPOutputStream gzip = new GZIPOutputStream(out);
                gzip.write(each);
                gzip.write(END);
                gzip.finish();
            }
        }
        assertThat(read(zipped)).hasSize(2);
        Files.write(zipped, Files.readAllBytes(archive(one, END)), StandardOpenOption.APPEND);
        assertRefused(zipped, "bytes that are not gzip follow its end", "number 2, is 2.txt");
        byte[] junk = new byte[512];
        junk[3] = 1;
        assertRefused(archive(one, END, junk), "bytes that are not a tar archive follow its end");
        assertRefused(archive(one, END, two), "ends without the blocks of zeros");
    }

    @Test
    void aClaimedSizeCostsNoMemory() throws IOException {
        Path plain = archive(file("1.txt", "a"), header("2.txt", '0', 1L << 30), new byte[100]);
        assertRefused(plain, "2.txt claims 1073741824 bytes, where the file has 100 left", "number 1, is 1.txt");
        Path zipped = folder.resolve("a.tar.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
            out.write(Files.readAllBytes(plain));
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        assertRefused(zipped, "ends within a member", "number 1, is 1.txt");
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(8L << 20);
    }

    @Test
    void damageIsNamed() throws IOException {
        byte[] broken = file("1.txt", "a");
        broken[0] = 'x';
        assertRefused(archive(broken, END), "not a tar archive");
        assertRefused(archive(file("0.txt", "b"), broken, END), "the checksum of a header is wrong");
        assertRefused(
                archive(header("x", 'x', 9), new byte[] {'9', '9', ' ', 'a'}, new byte[508], file("1", "1"), END),
                "the pax header is damaged at byte 0");
        assertRefused(archive(header("x", 'x', 1L << 32)), "an extension header claims");
        assertRefused(archive(END, new byte[9216]), "not a tar archive");
    }

    @Test
    void unsafeNamesAndGlobalHeadersAreRefused() throws IOException {
        assertRefused(archive(file("a/../../b.txt", ""), END), "member a/../../b.txt would leave the archive's folder");
        assertThat(read(archive(file("a..b/..c.txt", ""), END))).hasSize(1);
        byte[] global = "16 comment=abcd\n".getBytes(StandardCharsets.UTF_8);
        assertThat(read(archive(TarHeader.padded(header("g", 'g', global.length), global), file("1", ""), END)))
                .hasSize(1);
        byte[] path = "12 path=abc\n".getBytes(StandardCharsets.UTF_8);
        assertRefused(
                archive(TarHeader.padded(header("g", 'g', path.length), path), file("1", ""), END),
                "a global pax header sets 'path' for all members");
    }

    @Test
    void aPipeIsRefusedBeforeItIsOpened() throws IOException {
        Tool.run(folder, "mkfifo", "pipe.tar");
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> assertRefused(folder.resolve("pipe.tar"), "is a pipe, a device or a socket"));
    }

    @Test
    void namesThatAreNotUtf8StayAsTheyWere() {
        for (String hex : List.of("ff", "61e4", "e697a5e69c", "f09f98805c80", "edb2a4", "c0af", "")) {
            byte[] name = HexFormat.of().parseHex(hex);
            assertThat(TarNames.encode(TarNames.decode(name))).isEqualTo(name);
        }
        assertThat(TarNames.shown(TarNames.decode(new byte[] {'a', (byte) 0xe4, '\n'})))
                .isEqualTo("a\\xE4\\x0A");
    }
}
