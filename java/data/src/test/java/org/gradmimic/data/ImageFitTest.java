package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageFit.Filter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFitTest {
    private static final ImageSize SIZE = ImageSize.square(32);

    @TempDir
    private Path folder;

    /** The formula of make_fits.py. */
    private static byte[] pixels(ImageSize size) {
        byte[] pixels = new byte[size.rgbBytes()];
        for (int i = 0; i < pixels.length; i++) pixels[i] = (byte) (i * 2654435761L >> 24);
        return pixels;
    }

    private byte[] read(ImageSize size, ImageFit fit) throws Exception {
        TestImages.writeFolder(folder, Map.of("a/1.png", TestImages.encode(pixels(size), size, ".png")));
        ImageDataset dataset = Datasets.openImages("images:" + folder);
        try (ImageStream stream = dataset.read(Split.TRAIN, fit, 1)) {
            byte[] read = new byte[fit.size().rgbBytes()];
            stream.next().pixels().get(0, read);
            return read;
        }
    }

    /** Every pixel of 72 images, small and large, wide and high. */
    @Test
    void imagesAreScaledAsByPillowToTheBit() throws Exception {
        List<String> lines;
        try (InputStream in = ImageFitTest.class.getResourceAsStream("/fits.txt")) {
            lines = new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .toList();
        }
        assertThat(lines).hasSize(72);
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (String line : lines) {
            String[] words = line.split(" ");
            ImageSize size = new ImageSize(Integer.parseInt(words[0]), Integer.parseInt(words[1]));
            Filter filter = words[2].equals("bicubic") ? Filter.BICUBIC : Filter.BILINEAR;
            byte[] read = read(size, new ImageFit(SIZE, Integer.parseInt(words[3]), filter));
            assertThat(HexFormat.of().formatHex(digest.digest(read))).as(line).isEqualTo(words[4]);
        }
    }

    @Test
    void whatIsAlreadyThereIsKept() throws Exception {
        for (Filter filter : Filter.values()) {
            assertThat(read(SIZE, new ImageFit(SIZE, 0, filter))).isEqualTo(pixels(SIZE));
        }
        byte[] centre = read(new ImageSize(32, 34), new ImageFit(SIZE, 32, Filter.BILINEAR));
        byte[] whole = pixels(new ImageSize(32, 34));
        assertThat(centre[0]).isEqualTo(whole[3]);
        assertThat(centre[centre.length - 1]).isEqualTo(whole[whole.length - 4]);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> new ImageFit(SIZE, 31, Filter.BICUBIC))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessage("a shorter side of 31 pixels does not contain 32x32");
        assertThatThrownBy(() -> new ImageFit(SIZE, 1 << 20, Filter.BICUBIC)).hasMessageContaining("at most 65536");
        assertThatThrownBy(() -> new ImageFit(SIZE, 40, Filter.AREA)).hasMessageContaining("area scales both sides");
        assertThat(new ImageFit(SIZE, 36, Filter.BILINEAR))
                .hasToString("shorter side to 36 pixels by bilinear, centre of 32x32");
        assertThat(ImageFit.of(SIZE)).hasToString("both sides to 32x32 pixels by area");
    }
}
