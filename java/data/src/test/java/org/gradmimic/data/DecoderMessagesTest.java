package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradmimic.data.TestImages.encode;
import static org.gradmimic.data.TestImages.randomRgb;
import static org.gradmimic.data.TestImages.tar;
import static org.gradmimic.data.TestImages.writeFolder;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images that libpng, libjpeg and OpenCV print something about: it is said with the image's name, or not at all. */
class DecoderMessagesTest {
    private static final ImageSize SIZE = ImageSize.square(32);

    @TempDir
    private Path folder;

    /** A JPEG whose scan goes on after the last pixel. */
    private static byte[] extraneous() {
        byte[] good = encode(randomRgb(SIZE, 1), SIZE, ".jpg");
        byte[] longer = Arrays.copyOf(good, good.length + 30);
        longer[longer.length - 2] = (byte) 0xff;
        longer[longer.length - 1] = (byte) 0xd9;
        Arrays.fill(longer, good.length - 2, longer.length - 2, (byte) 7);
        return longer;
    }

    /** A JPEG without the second half of its scan, but with its end. */
    private static byte[] halved() {
        byte[] good = encode(randomRgb(SIZE, 1), SIZE, ".jpg");
        byte[] half = Arrays.copyOf(good, good.length * 2 / 3);
        half[half.length - 2] = (byte) 0xff;
        half[half.length - 1] = (byte) 0xd9;
        return half;
    }

    /** A JPEG whose last part is zeros, as after a copy that was interrupted, with and without its end. */
    private static byte[] zeroed(byte[] good, double from, boolean withEnd) {
        byte[] zeroed = good.clone();
        Arrays.fill(zeroed, (int) (from * good.length), good.length - (withEnd ? 2 : 0), (byte) 0);
        return zeroed;
    }

    /** An image that compresses well, so that much of it is in a few bytes. */
    private static byte[] smooth(ImageSize size, int... parameters) {
        byte[] rgb = new byte[size.rgbBytes()];
        for (int i = 0; i < rgb.length; i++) rgb[i] = (byte) (i / 3 % size.width() + i / 3 / size.width() / 2);
        try (BytePointer data = new BytePointer(rgb);
                Mat image = new Mat(size.height(), size.width(), opencv_core.CV_8UC3, data);
                IntPointer how = new IntPointer(parameters);
                BytePointer out = new BytePointer()) {
            assertThat(opencv_imgcodecs.imencode(".jpg", image, out, how)).isTrue();
            byte[] encoded = new byte[(int) out.limit()];
            out.get(encoded);
            return encoded;
        }
    }

    private static byte[] png(byte[] profile, byte[] pixels) {
        ByteBuffer png = ByteBuffer.allocate(1000 + pixels.length).putLong(0x89504e470d0a1a0aL);
        chunk(
                png,
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(8)
                        .putInt(8)
                        .put(new byte[] {8, 0, 0, 0, 0})
                        .array());
        if (profile.length > 0) chunk(png, "iCCP", profile);
        chunk(png, "IDAT", pixels);
        chunk(png, "IEND", new byte[0]);
        return Arrays.copyOf(png.array(), png.position());
    }

    private static void chunk(ByteBuffer png, String type, byte[] content) {
        byte[] whole = ByteBuffer.allocate(4 + content.length)
                .put(type.getBytes(StandardCharsets.US_ASCII))
                .put(content)
                .array();
        CRC32 checksum = new CRC32();
        checksum.update(whole);
        png.putInt(content.length).put(whole).putInt((int) checksum.getValue());
    }

    private static byte[] deflated(int bytes) {
        Deflater deflater = new Deflater();
        deflater.setInput(new byte[bytes]);
        deflater.finish();
        byte[] out = new byte[1000];
        int length = deflater.deflate(out);
        deflater.end();
        return Arrays.copyOf(out, length);
    }

    /** A profile without its compressed part, which libpng warns of. */
    private static byte[] profiled() {
        return png(new byte[] {'p', 0, 0, 1, 2, 3}, deflated(8 * 9));
    }

    @Test
    void aWarningHasTheImagesNameAndIsCounted() throws IOException {
        writeFolder(
                folder.resolve("d"),
                Map.of("a/1.png", profiled(), "a/2.jpg", extraneous(), "b/3.png", TestImages.png(1)));
        Files.write(
                folder.resolve("d.tar"),
                tar(Map.of("a/1.png", profiled(), "a/2.jpg", extraneous(), "b/3.png", TestImages.png(1))));
        for (String source : List.of("d", "d.tar")) {
            ImageDataset dataset = Datasets.openImages("images:" + folder.resolve(source));
            assertThat(dataset.warnings().images()).isZero();
            dataset.load(Split.TRAIN, SIZE, 0, 1, 2);
            assertThat(dataset.warnings().images()).isEqualTo(2);
            assertThat(dataset.warnings().first())
                    .anySatisfy(said -> assertThat(said).contains(source).contains("a/1.png: libpng warning: iCCP"))
                    .anySatisfy(said -> assertThat(said)
                            .contains(source)
                            .containsPattern("a/2.jpg: Corrupt JPEG data: \\d+ extraneous bytes before marker 0xd9$"));
        }
    }

    /** Whatever way of coding, a part that was zeroed is said with the image's name. */
    @Test
    void aZeroedTailIsNeverPassedInSilence() throws IOException {
        ImageSize size = ImageSize.square(64);
        byte[][] all = {
            encode(randomRgb(size, 1), size, ".jpg"),
            smooth(size),
            smooth(size, opencv_imgcodecs.IMWRITE_JPEG_OPTIMIZE, 1),
            smooth(size, opencv_imgcodecs.IMWRITE_JPEG_PROGRESSIVE, 1),
            smooth(size, opencv_imgcodecs.IMWRITE_JPEG_RST_INTERVAL, 4),
        };
        for (int i = 0; i < all.length; i++) {
            for (double from : new double[] {0.75, 0.9, 0.97}) {
                for (boolean withEnd : new boolean[] {true, false}) {
                    writeFolder(folder.resolve("z"), Map.of("a/1.jpg", zeroed(all[i], from, withEnd)));
                    ImageDataset dataset = Datasets.openImages("images:" + folder.resolve("z"));
                    String said = "";
                    try {
                        dataset.load(Split.TRAIN, size, 0);
                        said = String.join("; ", dataset.warnings().first());
                    } catch (InputException e) {
                        said = e.getMessage();
                    }
                    assertThat(said)
                            .as("way %d, from %.2f, with end %b", i, from, withEnd)
                            .contains("a/1.jpg: ");
                }
            }
        }
    }

    @Test
    void aTruncatedImageIsAnErrorWithItsName() throws IOException {
        for (Map.Entry<byte[], String> bad : Map.of(
                        halved(), "is corrupt: Corrupt JPEG data: premature end of data segment",
                        png(new byte[0], deflated(8 * 5)), "libpng error: Not enough image data",
                        png(new byte[0], new byte[] {1, 2, 3}), "libpng error: ")
                .entrySet()) {
            Path file = folder.resolve("d/a/1.any.png");
            writeFolder(folder.resolve("d"), Map.of("a/1.any.png", bad.getKey()));
            ImageDataset dataset = Datasets.openImages("images:" + folder.resolve("d"));
            assertThatThrownBy(() -> dataset.load(Split.TRAIN, SIZE, 0))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith(file + ": ")
                    .hasMessageContaining(bad.getValue());
        }
    }

    /** Standard error of a process that reads an image, beside one that has OpenCV read it. */
    @Test
    void nothingReachesStandardError() throws IOException, InterruptedException {
        for (byte[] image : List.of(profiled(), extraneous(), halved(), png(new byte[0], deflated(8 * 5)))) {
            writeFolder(folder.resolve("d"), Map.of("a/1.png", image));
            assertThat(printed("opencv")).isNotBlank();
            assertThat(printed("images")).isEmpty();
            assertThat(printed("images", "opencv")).isEqualTo(printed("opencv"));
        }
    }

    private String printed(String... readers) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Reader.class.getName(),
                        folder.resolve("d").toString(),
                        String.join(",", readers))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        ByteArrayOutputStream error = new ByteArrayOutputStream();
        process.getErrorStream().transferTo(error);
        assertThat(process.waitFor()).as(error.toString(StandardCharsets.UTF_8)).isZero();
        return error.toString(StandardCharsets.UTF_8);
    }

    /** Reads one image in a process of its own, in one or both ways. */
    static final class Reader {
        private Reader() {}

        public static void main(String[] arguments) {
            for (String reader : arguments[1].split(",")) {
                if (reader.equals("opencv")) {
                    opencv_imgcodecs.imread(arguments[0] + "/a/1.png").close();
                } else {
                    images(arguments[0]);
                }
            }
        }

        private static void images(String folder) {
            try {
                Datasets.openImages("images:" + folder).load(Split.TRAIN, SIZE, 0);
            } catch (InputException e) {
                // Printed by whoever catches it, with the image's name.
            }
        }
    }
}
