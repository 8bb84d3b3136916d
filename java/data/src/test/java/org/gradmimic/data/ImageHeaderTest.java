package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradmimic.data.TestImages.encode;
import static org.gradmimic.data.TestImages.randomRgb;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The size that an image's header claims, against the size the image was encoded with; and damage found before decoding. */
class ImageHeaderTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {".png", ".jpg", ".bmp", ".webp", ".tiff", ".gif", ".ppm"})
    void isTheEncodedSize(String ending) {
        for (ImageSize size : new ImageSize[] {new ImageSize(1, 300), new ImageSize(41, 13)}) {
            byte[] image = encode(randomRgb(size, 1), size, ending);
            assertThat(ImageHeader.read(image, image.length))
                    .as(ending)
                    .isEqualTo(new ImageHeader(size.width(), size.height()));
            assertThat(ImageHeader.damage(image, image.length)).as(ending).isNull();
        }
    }

    /** Whatever the bytes are, there is an answer. */
    @ParameterizedTest
    @ValueSource(strings = {".png", ".jpg", ".bmp", ".webp", ".tiff", ".gif", ".ppm"})
    void anyBytesAreReadOrRefused(String ending) {
        ImageSize size = new ImageSize(5, 4);
        byte[] image = encode(randomRgb(size, 1), size, ending);
        Random random = new Random(2);
        int answers = 0;
        for (int round = 0; round < 3000; round++) {
            byte[] changed = Arrays.copyOf(image, 1 + random.nextInt(image.length));
            for (int i = random.nextInt(4); i > 0; i--) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
            }
            ImageHeader header = ImageHeader.read(changed, changed.length);
            if (header != null) assertThat(header.pixels()).isPositive();
            ImageHeader.damage(changed, changed.length);
            answers++;
        }
        assertThat(answers).isEqualTo(3000);
    }

    @Test
    void everyWayTiffsAndPnmsAreWritten() {
        byte[] big = ByteBuffer.allocate(64)
                .put(new byte[] {'M', 'M', 0, 43, 0, 8, 0, 0})
                .putLong(16)
                .putLong(2)
                .putShort((short) 256)
                .putShort((short) 16)
                .putLong(1)
                .putLong(5_000_000_000L)
                .putShort((short) 257)
                .putShort((short) 4)
                .putLong(1)
                .putInt(7)
                .array();
        assertThat(ImageHeader.read(big, big.length)).isEqualTo(new ImageHeader(5_000_000_000L, 7));
        byte[] plain = TestImages.ascii("P2 # grey\n# 9 9\n 31\t17\n255\n1 2 3");
        assertThat(ImageHeader.read(plain, plain.length)).isEqualTo(new ImageHeader(31, 17));
        byte[] words = TestImages.ascii("P7\nWIDTH 31\nHEIGHT 17\nDEPTH 3\nMAXVAL 255\nENDHDR\n");
        assertThat(ImageHeader.read(words, words.length)).isEqualTo(new ImageHeader(31, 17));
    }

    /** A PNG that claims many pixels in few bytes. */
    private static byte[] claim(int width, int height) {
        ByteBuffer png = ByteBuffer.allocate(8 + 25 + 12).putLong(0x89504e470d0a1a0aL);
        byte[] header = ByteBuffer.allocate(17)
                .putInt(0x49484452)
                .putInt(width)
                .putInt(height)
                .put(new byte[] {1, 0, 0, 0, 0})
                .array();
        chunk(png, header);
        chunk(png, new byte[] {'I', 'E', 'N', 'D'});
        return png.array();
    }

    private static void chunk(ByteBuffer png, byte[] typeAndContent) {
        CRC32 checksum = new CRC32();
        checksum.update(typeAndContent);
        png.putInt(typeAndContent.length - 4).put(typeAndContent).putInt((int) checksum.getValue());
    }

    private void assertRefused(byte[] image, long maxPixels, String message) throws IOException {
        Path file = folder.resolve("a/1.png");
        Files.createDirectories(file.getParent());
        Files.write(file, image);
        ImageDataset dataset = Datasets.openImages("images:" + folder, maxPixels);
        assertThatThrownBy(() -> dataset.load(Split.TRAIN, ImageSize.square(8), 0))
                .isInstanceOf(InputException.class)
                .hasMessage(file + ": " + message);
    }

    @Test
    void moreThanTheLimitIsRefusedBeforeDecoding() throws IOException {
        assertRefused(
                claim(32_000, 32_000),
                Datasets.MAX_PIXELS,
                "has 32000x32000 pixels, more than the limit of 178956970 pixels");
        assertRefused(
                claim(-1, -1),
                Long.MAX_VALUE - 1,
                "has 4294967295x4294967295 pixels, more than the limit of 9223372036854775806 pixels");
        assertRefused(claim(9, 9), 80, "has 9x9 pixels, more than the limit of 80 pixels");
    }

    /** Files of every format whose headers claim a large image, in a folder and in an archive. */
    @ParameterizedTest
    @CsvSource({
        ".jpg, 65000x65000",
        ".bmp, 30000x30000",
        ".gif, 65000x65000",
        ".webp, 16000x16000",
        ".ppm, 99999x99999",
        ".tiff, 60000x60000"
    })
    void aHeaderThatClaimsTooManyPixelsIsRefused(String ending, String size) throws IOException {
        byte[] image = enlarged(ending, Integer.parseInt(size.substring(0, size.indexOf('x'))));
        TestImages.writeFolder(folder.resolve("d"), Map.of("a/1" + ending, image));
        Files.write(folder.resolve("d.tar"), TestImages.tar(Map.of("a/1" + ending, image)));
        for (String source : new String[] {"d", "d.tar"}) {
            ImageDataset dataset = Datasets.openImages("images:" + folder.resolve(source));
            assertThatThrownBy(() -> dataset.load(Split.TRAIN, ImageSize.square(8), 0))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(folder.resolve(source).toString())
                    .hasMessageEndingWith(
                            "a/1" + ending + ": has " + size + " pixels, more than the limit of 178956970 pixels");
        }
    }

    /** A small image whose header is changed to another size. */
    private static byte[] enlarged(String ending, int side) {
        ImageSize size = new ImageSize(41, 13);
        byte[] image = encode(randomRgb(size, 1), size, ending);
        ByteBuffer big = ByteBuffer.wrap(image);
        ByteBuffer little = big.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        switch (ending) {
            case ".jpg" -> {
                int frame = 0;
                while (big.getShort(frame) != (short) 0xffc0) frame++;
                big.putShort(frame + 5, (short) side).putShort(frame + 7, (short) side);
            }
            case ".bmp" -> little.putInt(18, side).putInt(22, side);
            case ".gif" -> little.putShort(6, (short) side).putShort(8, (short) side);
            // VP8L, after its length and signature: 14 bits each, less one.
            case ".webp" -> little.putInt(21, (little.getInt(21) & 0xf0000000) | (side - 1) << 14 | (side - 1));
            case ".ppm" -> image = TestImages.ascii("P6\n" + side + " " + side + "\n255\n...");
            case ".tiff" -> {
                int directory = little.getInt(4);
                for (int i = 0; i < little.getShort(directory); i++) {
                    int entry = directory + 2 + 12 * i;
                    int tag = little.getShort(entry);
                    if (tag == 256 || tag == 257)
                        little.putShort(entry + 2, (short) 4).putInt(entry + 8, side);
                }
            }
            default -> throw new IllegalArgumentException(ending);
        }
        return image;
    }

    /** OpenCV has a limit of its own; its message begins after the place in its source. */
    @Test
    void messagesOfOpenCvAreShownWhole() {
        String message =
                "OpenCV(4.13.0) /src/loadsave.cpp:90: error: (-215:Assertion failed) pixels <= MAX in function 'f'\n";
        assertThat(ImageDecoder.reason(new RuntimeException(message)))
                .isEqualTo("(-215:Assertion failed) pixels <= MAX in function 'f'");
        assertThat(ImageDecoder.reason(new RuntimeException("out of memory"))).isEqualTo("out of memory");
    }

    @Test
    void damageIsNamed() throws IOException {
        ImageSize size = ImageSize.square(32);
        byte[] png = encode(randomRgb(size, 1), size, ".png");
        byte[] flipped = png.clone();
        flipped[png.length / 2] ^= 1;
        assertRefused(flipped, 5000, "is corrupt: PNG chunk IDAT at byte 33 has a wrong checksum");
        assertRefused(Arrays.copyOf(png, png.length / 2), 5000, "is corrupt: PNG chunk IDAT at byte 33 is truncated");
        assertRefused(Arrays.copyOf(png, png.length - 12), 5000, "is corrupt: the end of the PNG image is missing");
        byte[] jpeg = encode(randomRgb(size, 1), size, ".jpg");
        byte[] zeroed = jpeg.clone();
        Arrays.fill(zeroed, jpeg.length / 2, jpeg.length, (byte) 0);
        assertRefused(zeroed, 5000, "is corrupt: the end of the JPEG image is missing");
        // Cameras append to a JPEG; that takes nothing from it.
        byte[] longer = Arrays.copyOf(jpeg, jpeg.length + 100);
        assertThat(ImageHeader.damage(longer, longer.length)).isNull();
    }
}
