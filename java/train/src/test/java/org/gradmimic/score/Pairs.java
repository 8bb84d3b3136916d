package org.gradmimic.score;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.model.Architecture;
import org.gradmimic.model.Models;
import org.gradmimic.model.Safetensors;

/** Shards of image–caption pairs, and a small CLIP that scores them. */
public final class Pairs {
    public static final int SIDE = 32;

    private Pairs() {}

    /** The uid of a sample: its number in 32 digits. */
    public static String uid(int sample) {
        return String.format("%032x", 0x1000L + sample);
    }

    public static String caption(int sample) {
        return "a dog number " + sample;
    }

    /** Random pixels, [SIDE,SIDE,3]. */
    public static byte[] pixels(int sample) {
        return pixels(SIDE, SIDE, sample);
    }

    private static byte[] pixels(int width, int height, int sample) {
        byte[] pixels = new byte[width * height * 3];
        new Random(sample).nextBytes(pixels);
        return pixels;
    }

    public static byte[] png(int sample) {
        return png(SIDE, SIDE, sample);
    }

    /** An image of random pixels. */
    public static byte[] png(int width, int height, int sample) {
        byte[] pixels = pixels(width, height, sample);
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            int rgb = (pixels[3 * i] & 255) << 16 | (pixels[3 * i + 1] & 255) << 8 | pixels[3 * i + 2] & 255;
            image.setRGB(i % width, i / width, rgb);
        }
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ImageIO.write(image, "png", out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The files of a sample by extension. Samples with an odd number have their caption in the .json. */
    public static Map<String, byte[]> files(int sample) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("png", png(sample));
        if (sample % 2 == 0) files.put("txt", utf8(caption(sample)));
        String caption = sample % 2 == 0 ? "not this one" : caption(sample);
        files.put("json", utf8("{\"caption\": \"" + caption + "\", \"uid\": \"" + uid(sample) + "\"}"));
        return files;
    }

    public static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Writes a shard with these samples by key. */
    public static void write(Path shard, Map<String, Map<String, byte[]>> samples) throws IOException {
        try (OutputStream out = Files.newOutputStream(shard);
                TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
            for (Map.Entry<String, Map<String, byte[]>> sample : samples.entrySet()) {
                for (Map.Entry<String, byte[]> file : sample.getValue().entrySet()) {
                    TarArchiveEntry entry = new TarArchiveEntry(sample.getKey() + "." + file.getKey());
                    entry.setSize(file.getValue().length);
                    tar.putArchiveEntry(entry);
                    tar.write(file.getValue());
                    tar.closeArchiveEntry();
                }
            }
        }
    }

    /** Samples from {@code from} on. */
    public static Map<String, Map<String, byte[]>> samples(int from, int count) {
        Map<String, Map<String, byte[]>> samples = new LinkedHashMap<>();
        for (int i = from; i < from + count; i++) samples.put(String.format("%06d", i), files(i));
        return samples;
    }

    /** Writes shards 00.tar, 01.tar and so on of the same size. */
    public static Path shards(Path folder, int shards, int each) throws IOException {
        Files.createDirectories(folder);
        for (int s = 0; s < shards; s++) {
            write(folder.resolve(String.format("%02d.tar", s)), samples(s * each, each));
        }
        return folder;
    }

    /** Writes a small CLIP with random weights: c.json, bpe.txt, and .safetensors with these names. */
    public static void model(Path folder, String... names) throws IOException {
        Files.writeString(folder.resolve("c.json"), """
                {"embed_dim": 16,
                 "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
                 "text_cfg": {"context_length": 12, "vocab_size": 516, "width": 32, "heads": 2, "layers": 1}}
                """);
        // All bytes, inside and at the end of words, two merges, and the ends of a text.
        Files.writeString(folder.resolve("bpe.txt"), "#version: 0.2\nd o\ndo g</w>\n");
        try (Architecture model =
                Models.open(Models.Kind.CLIP, folder.resolve("c.json").toString())) {
            for (String name : names) {
                Random random = new Random(name.hashCode());
                try (PointerScope scope = new PointerScope()) {
                    Map<String, Tensor> tensors = new LinkedHashMap<>();
                    model.stateDict().forEach((parameter, spec) -> tensors.put(parameter, drawn(spec.shape(), random)));
                    Safetensors.write(folder.resolve(name + ".safetensors"), Map.of(), tensors);
                }
            }
        }
    }

    private static Tensor drawn(long[] shape, Random random) {
        float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++)
            values[i] = shape.length == 0 ? 2.5f : 0.3f * (float) random.nextGaussian();
        return Tensors.of(values, shape);
    }
}
