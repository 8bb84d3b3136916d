package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradmimic.data.TestImages.ascii;
import static org.gradmimic.data.TestImages.encode;
import static org.gradmimic.data.TestImages.gzip;
import static org.gradmimic.data.TestImages.png;
import static org.gradmimic.data.TestImages.randomRgb;
import static org.gradmimic.data.TestImages.readAll;
import static org.gradmimic.data.TestImages.tar;
import static org.gradmimic.data.TestImages.writeFolder;
import static org.gradmimic.data.TestImages.zip;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.data.TestImages.Contents;
import org.gradmimic.io.Tool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassFolderDatasetTest {
    private static final ImageSize SIZE = new ImageSize(4, 6);

    @TempDir
    Path folder;

    @Test
    void folderAndArchivesGiveTheSame() throws IOException {
        // Not in sorted order, with files that are no images, and a folder deeper than its class.
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("test/dog/b.png", png(1));
        files.put("train/dog/9.png", png(2));
        files.put("train/dog/10.png", png(3));
        files.put("train/cat/z/deep.PNG", png(4));
        files.put("train/cat/a.jpeg", encode(randomRgb(SIZE, 5), SIZE, ".jpg"));
        files.put("test/cat/c.bmp", encode(randomRgb(SIZE, 6), SIZE, ".bmp"));
        files.put("train/cat/README.txt", ascii("no image"));
        files.put("train/cat/.hidden.png", ascii("no image"));
        files.put(".thumbnails/cat/a.png", ascii("no image"));
        files.put("labels.csv", ascii("no image"));
        writeFolder(folder.resolve("d"), files);
        Files.write(folder.resolve("d.tar"), tar(files));
        Files.write(folder.resolve("d.tar.gz"), gzip(tar(files)));
        Map<String, byte[]> dotted = new LinkedHashMap<>();
        Map<String, byte[]> wrapped = new LinkedHashMap<>();
        files.forEach((name, bytes) -> {
            dotted.put("./" + name, bytes);
            wrapped.put("outer/inner/" + name, bytes);
        });
        Files.write(folder.resolve("dotted.tgz"), gzip(tar(dotted)));
        Files.write(folder.resolve("wrapped.tgz"), gzip(tar(wrapped)));
        Files.write(folder.resolve("d.zip"), zip(files));
        Files.write(folder.resolve("wrapped.zip"), zip(wrapped));

        ImageDataset plain = images("d");
        assertThat(plain.classNames()).containsExactly("cat", "dog");
        assertThat(plain.splits()).containsExactly(Split.TRAIN, Split.TEST);
        assertThat(plain.labels(Split.TRAIN)).containsExactly(0, 0, 1, 1);
        assertThat(plain.labels(Split.TEST)).containsExactly(0, 1);
        assertThat(plain.sampleName(Split.TRAIN, 1)).isEqualTo("train/cat/z/deep.PNG");
        assertThat(plain.sampleName(Split.TRAIN, 2)).isEqualTo("train/dog/10.png");
        for (String other : List.of("d.tar", "d.tar.gz", "dotted.tgz", "wrapped.tgz", "d.zip", "wrapped.zip")) {
            ImageDataset archive = images(other);
            assertThat(archive.classNames()).isEqualTo(plain.classNames());
            for (Split split : plain.splits()) {
                Contents expected = readAll(plain, split, SIZE, 3);
                Contents actual = readAll(archive, split, SIZE, 2);
                assertThat(actual.pixels()).as(other).isDeepEqualTo(expected.pixels());
                assertThat(actual.labels())
                        .as(other)
                        .isEqualTo(expected.labels())
                        .isEqualTo(plain.labels(split));
            }
        }
    }

    @Test
    void losslessImagesComeBackAsTheyWere() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        byte[][] expected = new byte[7][];
        for (int i = 0; i < 7; i++) {
            expected[i] = randomRgb(SIZE, i);
            files.put("only/" + i + ".png", encode(expected[i], SIZE, ".png"));
        }
        writeFolder(folder.resolve("d"), files);
        ImageDataset dataset = images("d");
        assertThat(dataset.splits()).containsExactly(Split.TRAIN);
        assertThat(dataset.classNames()).containsExactly("only");
        for (int batch : new int[] {1, 2, 7, 100}) {
            assertThat(readAll(dataset, Split.TRAIN, SIZE, batch).pixels()).isDeepEqualTo(expected);
        }
        assertThatThrownBy(() -> dataset.read(Split.TEST, SIZE, 1)).hasMessageContaining("has no test split");
        assertThatThrownBy(() -> dataset.read(Split.TRAIN, SIZE, 0)).isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> dataset.read(Split.TRAIN, ImageSize.square(10_000), 100))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageContaining("30000000000 bytes");
    }

    @Test
    void shrinkingAveragesAreas() throws IOException {
        ImageSize large = new ImageSize(12, 24);
        byte[] pixels = randomRgb(large, 1);
        writeFolder(folder.resolve("d"), Map.of("a/1.png", encode(pixels, large, ".png")));
        byte[] small = readAll(images("d"), Split.TRAIN, SIZE, 1).pixels()[0];
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 6; x++) {
                for (int c = 0; c < 3; c++) {
                    double sum = 0;
                    for (int i = 0; i < 12; i++) {
                        sum += pixels[((3 * y + i / 4) * 24 + 4 * x + i % 4) * 3 + c] & 0xff;
                    }
                    // OpenCV rounds once, and may round a half either way.
                    assertThat((double) (small[(y * 6 + x) * 3 + c] & 0xff))
                            .isBetween(sum / 12 - 0.51, sum / 12 + 0.51);
                }
            }
        }
    }

    @Test
    void growingInterpolates() throws IOException {
        ImageSize one = new ImageSize(1, 2);
        byte[] pixels = {0, 0, 0, 100, 100, 100};
        writeFolder(folder.resolve("d"), Map.of("a/1.png", encode(pixels, one, ".png")));
        byte[] grown = readAll(images("d"), Split.TRAIN, new ImageSize(2, 4), 1).pixels()[0];
        assertThat(new int[] {grown[0], grown[3], grown[6], grown[9]}).containsExactly(0, 25, 75, 100);
    }

    @Test
    void greyAndTransparentImagesBecomeRgb() throws IOException {
        byte[] pgm = ascii("P5 2 1 255\n\007\100");
        writeFolder(folder.resolve("d"), Map.of("a/1.pgm", pgm));
        assertThat(readAll(images("d"), Split.TRAIN, new ImageSize(1, 2), 1).pixels()[0])
                .containsExactly(7, 7, 7, 64, 64, 64);
    }

    @Test
    void theBufferIsDirectAndUsedAgain() throws IOException {
        writeFolder(folder.resolve("d"), Map.of("a/1.png", png(1), "a/2.png", png(2), "b/3.png", png(3)));
        try (ImageStream stream = images("d").read(Split.TRAIN, SIZE, 2)) {
            ImageBatch first = stream.next();
            assertThat(first.size()).isEqualTo(2);
            assertThat(first.pixels().isDirect()).isTrue();
            assertThat(first.pixels().remaining()).isEqualTo(2 * 4 * 6 * 3);
            ImageBatch second = stream.next();
            assertThat(second.size()).isEqualTo(1);
            assertThat(second.pixels().remaining()).isEqualTo(4 * 6 * 3);
            assertThat(second.ids()).containsExactly(2);
            assertThat(second.labels()).containsExactly(1);
            assertThat(first.ids()).containsExactly(0, 1);
            assertThat(stream.next()).isNull();
            assertThat(stream.next()).isNull();
            assertThat(second.pixels().slice(0, 6)).isEqualTo(first.pixels().slice(0, 6));
        }
        ImageStream closed = images("d").read(Split.TRAIN, SIZE, 2);
        closed.close();
        closed.close();
        assertThatThrownBy(closed::next)
                .isInstanceOf(InvalidStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void aFolderCalledTrainMayBeAClass() throws IOException {
        writeFolder(folder.resolve("d"), Map.of("train/1.png", png(1), "plane/2.png", png(2)));
        assertThat(images("d").classNames()).containsExactly("plane", "train");
    }

    @ParameterizedTest
    @ValueSource(strings = {".png", ".jpg", ".bmp", ".webp", ".tiff", ".gif", ".ppm"})
    void namesACorruptImage(String ending) throws IOException {
        ImageSize size = ImageSize.square(16);
        byte[] good = encode(randomRgb(size, 1), size, ending);
        for (byte[] bad : List.of(
                new byte[0],
                Arrays.copyOf(good, 3),
                Arrays.copyOf(good, good.length / 2),
                ascii("this is text, not an image"))) {
            Map<String, byte[]> files = new LinkedHashMap<>();
            files.put("a/1" + ending, good);
            files.put("a/2" + ending, bad);
            writeFolder(folder.resolve("d"), files);
            Files.write(folder.resolve("d.tar"), tar(files));
            Files.write(folder.resolve("d.zip"), zip(files));
            for (String source : List.of("d", "d.tar", "d.zip")) {
                assertThatThrownBy(() -> readAll(images(source), Split.TRAIN, SIZE, 1))
                        .as("%s of %d bytes", ending, bad.length)
                        .isInstanceOf(InputException.class)
                        .hasMessageContaining(folder.resolve(source).toString())
                        .hasMessageContaining("a/2" + ending);
            }
        }
    }

    @Test
    void noticesEveryWayAnArchiveCanEndEarly() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (int i = 0; i < 40; i++) {
            files.put("c" + i % 4 + "/" + i + ".png", png(i));
        }
        byte[] plain = tar(files);
        byte[] zipped = gzip(plain);
        Path path = folder.resolve("cut");
        // One image takes a block of 512 bytes for its header and one for its content.
        for (int length : new int[] {600, 1024, 5 * 1024, 5 * 1024 + 100, 5 * 1024 + 700, 40 * 1024, 40 * 1024 + 512}) {
            Files.write(path, Arrays.copyOf(plain, length));
            assertThatThrownBy(() -> images("cut"))
                    .as("%d of %d bytes", length, plain.length)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(path + ": truncated or damaged archive");
        }
        Files.write(path, Arrays.copyOf(plain, 5 * 1024 + 700));
        assertThatThrownBy(() -> images("cut")).hasMessageContaining("the last good member, number 5, is c0/4.png");
        for (int cut : new int[] {1, 8, zipped.length / 2, zipped.length - 20}) {
            Files.write(path, Arrays.copyOf(zipped, zipped.length - cut));
            assertThatThrownBy(() -> images("cut"))
                    .as("without the last %d bytes", cut)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(path + ": truncated or damaged archive");
        }
        byte[] flipped = zipped.clone();
        flipped[zipped.length - 6] ^= 1;
        Files.write(path, flipped);
        assertThatThrownBy(() -> images("cut")).hasMessageContaining("damaged archive (Corrupt GZIP trailer)");
    }

    @Test
    void refusesWhatIsNotLaidOutAsExpected() throws IOException {
        assertThatThrownBy(() -> images("none")).hasMessageContaining("there is no folder or file");
        assertThatThrownBy(() -> Datasets.open("images:")).hasMessageContaining("there is no folder or file");
        Files.writeString(folder.resolve("text.tar"), "not an archive");
        assertThatThrownBy(() -> images("text.tar")).hasMessageContaining("not a tar archive");

        assertThatThrownBy(() -> laidOut("a/", "b/")).hasMessageContaining("holds no images");
        assertThatThrownBy(() -> laidOut("1.png", "a/2.png")).hasMessageContaining("1.png lies in no class folder");
        assertThatThrownBy(() -> laidOut("a/1.png", "b/", "c/notes.txt"))
                .hasMessageContaining("class folder b holds no images");
        assertThatThrownBy(() -> laidOut("train/a/1.png", "test/a/2.png", "test/b/"))
                .hasMessageContaining("class folder test/b holds no images");
        assertThatThrownBy(() -> laidOut("train/a/1.png", "dev/a/2.png"))
                .hasMessageContaining("is divided into splits, but dev/a/2.png is in none of the folders train, val,"
                        + " valid, validation, test");
        assertThatThrownBy(() -> laidOut("train/a/1.png", "val/a/2.png", "valid/a/2.png"))
                .hasMessageContaining("has two folders of the validation split, val and valid");
        assertThatThrownBy(() -> laidOut("a/1.heic", "@eaDir/a/2.png"))
                .hasMessageContaining(
                        "holds no images; expected class folders with JPEG, PNG, … in them; skipped 1 images"
                                + " of formats that are not read, such as a/1.heic; 1 hidden and system files, such as"
                                + " @eaDir/a/2.png");
    }

    /** What systems and other programs leave in folders is neither a class nor an image, and it is counted. */
    @Test
    void otherFilesAreSkippedAndCounted() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("cat/1.png", png(1));
        files.put("dog/2.jfif", encode(randomRgb(SIZE, 2), SIZE, ".jpg"));
        for (String system : List.of(
                "@eaDir/SYNOPHOTO.jpg",
                "cat/@eaDir/1.png/thumb.jpg",
                "__MACOSX/cat/._1.png",
                "cat/._1.png",
                ".DS_Store",
                "cat/Thumbs.db",
                "lost+found/x.png",
                "$RECYCLE.BIN/y.png",
                "System Volume Information/z.png",
                ".thumbnails/cat/a.png",
                "dog/desktop.ini")) {
            files.put(system, ascii("not an image"));
        }
        files.put("dog/3.HEIC", ascii("an image for others"));
        files.put("labels.csv", ascii("not an image"));
        files.put("dog/README", ascii("not an image"));
        writeFolder(folder.resolve("d"), files);
        Files.createDirectories(folder.resolve("d/@eaDir/empty"));
        Files.write(folder.resolve("d.tar"), tar(files));
        Files.write(folder.resolve("d.zip"), zip(files));
        for (String source : List.of("d", "d.tar", "d.zip")) {
            ImageDataset dataset = images(source);
            assertThat(dataset.classNames()).containsExactly("cat", "dog");
            assertThat(dataset.size(Split.TRAIN)).isEqualTo(2);
            assertThat(readAll(dataset, Split.TRAIN, SIZE, 2).labels()).containsExactly(0, 1);
            assertThat(dataset.layoutNotes()).hasSize(3);
            assertThat(dataset.layoutNotes().get(0))
                    .isEqualTo("skipped 1 images of formats that are not read, such as dog/3.HEIC");
            assertThat(dataset.layoutNotes().get(1)).startsWith("skipped 11 hidden and system files, such as ");
            assertThat(dataset.layoutNotes().get(2)).startsWith("skipped 2 files that are not images, such as ");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"val", "valid", "validation"})
    void readsAValidationSplit(String name) throws IOException {
        writeFolder(
                folder.resolve("two"),
                Map.of("train/a/1.png", png(1), "train/b/2.png", png(2), name + "/b/3.png", png(3)));
        assertThat(images("two").splits()).containsExactly(Split.TRAIN, Split.VALIDATION);
        assertThat(images("two").sampleName(Split.VALIDATION, 0)).isEqualTo(name + "/b/3.png");
        assertThat(images("two").labels(Split.VALIDATION)).containsExactly(1);
        writeFolder(folder.resolve("two"), Map.of("test/a/4.png", png(4)));
        assertThat(images("two").splits()).containsExactly(Split.TRAIN, Split.VALIDATION, Split.TEST);
        assertThat(images("two").layoutNotes()).isEmpty();
    }

    /** Given the folder above the right one, the years become classes. */
    @Test
    void saysThatClassesMayLieDeeper() throws IOException {
        writeFolder(folder.resolve("d"), Map.of("2023/cat/1.png", png(1), "2024/dog/2.png", png(2)));
        assertThat(images("d").classNames()).containsExactly("2023", "2024");
        assertThat(images("d").layoutNotes())
                .containsExactly("every image is in a folder inside its class folder, such as 2023/cat/1.png; if those"
                        + " folders are the classes, name the folder above them");
        writeFolder(folder.resolve("d"), Map.of("2024/3.png", png(1)));
        assertThat(images("d").layoutNotes()).isEmpty();
    }

    @Test
    void refusesAImageTwiceInAnArchive() throws IOException {
        byte[] once = tar(Map.of("a/1.png", png(1)));
        byte[] twice = new byte[1024 + once.length];
        System.arraycopy(once, 0, twice, 0, 1024);
        System.arraycopy(once, 0, twice, 1024, once.length);
        Files.write(folder.resolve("twice.tar"), twice);
        assertThatThrownBy(() -> images("twice.tar")).hasMessageContaining("holds a/1.png twice");
    }

    @Test
    void aSizeThatAZipClaimsTakesNoMemory() throws IOException {
        byte[] archive = zip(Map.of("a/1.png", png(1)));
        ByteBuffer bytes = ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN);
        int directory = bytes.getInt(archive.length - 6);
        bytes.putInt(directory + 20, 2_000_000); // compressed
        bytes.putInt(directory + 24, Integer.MAX_VALUE - 8);
        Files.write(folder.resolve("d.zip"), archive);
        assertThatThrownBy(() -> readAll(images("d.zip"), Split.TRAIN, ImageSize.square(4), 1))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("d.zip: a/1.png: is damaged");
    }

    @Test
    void aDamagedZipIsNamed() throws IOException {
        byte[] good = zip(Map.of("a/1.png", png(1), "a/2.png", png(2)));
        Path path = folder.resolve("d.zip");
        for (int length : new int[] {4, 60, good.length / 2, good.length - 1}) {
            Files.write(path, Arrays.copyOf(good, length));
            assertThatThrownBy(() -> images("d.zip"))
                    .as("%d of %d bytes", length, good.length)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(path + ": truncated, damaged or encrypted archive");
        }
        // The content of the first image begins with a byte of which some bits mean nothing.
        for (int at = 38; at < 90; at++) {
            byte[] bad = good.clone();
            bad[at] ^= 0x10;
            Files.write(path, bad);
            ImageDataset dataset = images("d.zip");
            assertThatThrownBy(() -> readAll(dataset, Split.TRAIN, SIZE, 2))
                    .as("byte %d is %x of %s", at, good[at], HexFormat.of().formatHex(good))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(path.toString());
        }
        Files.write(path, zip(Map.of("a/../../1.png", png(1))));
        assertThatThrownBy(() -> images("d.zip")).hasMessageContaining("would leave the archive's folder");
        Files.write(path, zip(Map.of()));
        assertThatThrownBy(() -> images("d.zip")).hasMessageContaining("holds no images");
    }

    /** Old programs mark no name as UTF-8 and write other encodings. Windows writes backslashes. */
    @Test
    void namesInAZipAreReadAsTheyAre() throws IOException {
        byte[] good = zip(Map.of("AAAA/x1.png", png(1), "BBBB/x2.png", png(2)));
        String text = new String(good, StandardCharsets.ISO_8859_1);
        // Java marks names as UTF-8: bit 11, in the headers before the content and in the directory.
        text = text.replace("PK\3\4\24\0\10\10", "PK\3\4\24\0\10\0").replace("\24\0\24\0\10\10", "\24\0\24\0\10\0");
        String foreign = text.replace("AAAA/", "\u00e4\u00f6\u00fc_/").replace("BBBB/", "\u00c4\u00d6\u00dc_\\");
        Files.write(folder.resolve("d.zip"), foreign.getBytes(StandardCharsets.ISO_8859_1));
        ImageDataset dataset = images("d.zip");
        assertThat(dataset.classNames()).containsExactly("\u00c4\u00d6\u00dc_", "\u00e4\u00f6\u00fc_");
        assertThat(readAll(dataset, Split.TRAIN, SIZE, 2).labels()).containsExactly(0, 1);
    }

    /** Java's text of such names would be the same for both. */
    @Test
    void namesThatAreNotUtf8StayApart() throws IOException {
        Map<String, byte[]> files = Map.of("cat/x1.png", png(1), "cat/x2.png", png(2));
        writeFolder(folder.resolve("d"), files);
        assumeTrue(Tool.hasPython("os"));
        Tool.python(folder, """
                import os
                for n in (b"1", b"2"):
                    os.rename(b"d/cat/x" + n + b".png", b"d/cat/" + bytes([0xb0 + n[0]]) + b".png")
                os.rename(b"d/cat", b"d/c\\xe4t")
                """);
        ImageDataset dataset = images("d");
        assertThat(dataset.size(Split.TRAIN)).isEqualTo(2);
        assertThat(dataset.sampleName(Split.TRAIN, 0)).isNotEqualTo(dataset.sampleName(Split.TRAIN, 1));
        assertThat(dataset.classNames()).containsExactly("c\udce4t");
        Contents read = readAll(dataset, Split.TRAIN, SIZE, 2);
        assertThat(read.pixels()[0]).isNotEqualTo(read.pixels()[1]);
    }

    private void laidOut(String... names) throws IOException {
        Path root = Files.createTempDirectory(folder, "layout");
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : names) {
            files.put(name, name.endsWith("/") ? new byte[0] : png(name.length()));
        }
        writeFolder(root, files);
        Files.write(root.resolveSibling(root.getFileName() + ".tar"), tar(files));
        Files.write(root.resolveSibling(root.getFileName() + ".zip"), zip(files));
        try {
            Datasets.open("images:" + root);
        } catch (InputException e) {
            // An archive of it must be refused for the same reason.
            for (String ending : List.of(".tar", ".zip")) {
                assertThatThrownBy(() -> Datasets.open("images:" + root + ending))
                        .hasMessage(e.getMessage().replace(root.toString(), root + ending));
            }
            throw e;
        }
    }

    private ImageDataset images(String name) {
        return Datasets.openImages("images:" + folder.resolve(name));
    }
}
