package org.gradmimic.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;

/** Makes images, folders and archives, and reads data sets back as a whole. */
final class TestImages {
    private TestImages() {}

    /** Everything a split's stream gave, put in order of the ids. */
    record Contents(byte[][] pixels, long[] labels) {}

    static byte[] randomRgb(ImageSize size, long seed) {
        byte[] rgb = new byte[size.rgbBytes()];
        new Random(seed).nextBytes(rgb);
        return rgb;
    }

    /** Encodes RGB pixels; {@code ending} is .png (lossless), .jpg, … */
    static byte[] encode(byte[] rgb, ImageSize size, String ending) {
        byte[] bgr = rgb.clone();
        for (int i = 0; i < bgr.length; i += 3) {
            bgr[i] = rgb[i + 2];
            bgr[i + 2] = rgb[i];
        }
        try (BytePointer data = new BytePointer(bgr);
                Mat image = new Mat(size.height(), size.width(), opencv_core.CV_8UC3, data);
                BytePointer out = new BytePointer()) {
            if (!opencv_imgcodecs.imencode(ending, image, out)) {
                throw new AssertionError("cannot encode " + ending);
            }
            byte[] encoded = new byte[(int) out.limit()];
            out.get(encoded);
            return encoded;
        }
    }

    /** An image that no other seed has, of its own size. */
    static byte[] png(long seed) {
        ImageSize size = new ImageSize(5 + (int) (seed % 3), 7);
        return encode(randomRgb(size, seed), size, ".png");
    }

    static void writeFolder(Path root, Map<String, byte[]> files) throws IOException {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path path = root.resolve(file.getKey());
            if (file.getKey().endsWith("/")) {
                Files.createDirectories(path);
            } else {
                Files.createDirectories(path.getParent());
                Files.write(path, file.getValue());
            }
        }
    }

    static byte[] tar(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(bytes)) {
            out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(file.getKey());
                entry.setSize(file.getValue().length);
                out.putArchiveEntry(entry);
                out.write(file.getValue());
                out.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    static byte[] zip(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                out.putNextEntry(new ZipEntry(file.getKey()));
                out.write(file.getValue());
            }
        }
        return bytes.toByteArray();
    }

    static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static Contents readAll(ImageDataset dataset, Split split, ImageSize size, int batchSize) {
        byte[][] pixels = new byte[dataset.size(split)][];
        long[] labels = new long[dataset.size(split)];
        Arrays.fill(labels, -1);
        try (ImageStream stream = dataset.read(split, size, batchSize)) {
            for (ImageBatch batch = stream.next(); batch != null; batch = stream.next()) {
                for (int i = 0; i < batch.size(); i++) {
                    int id = (int) batch.ids()[i];
                    if (pixels[id] != null) {
                        throw new AssertionError("sample " + id + " came twice");
                    }
                    pixels[id] = new byte[size.rgbBytes()];
                    batch.pixels().get(i * size.rgbBytes(), pixels[id]);
                    labels[id] = batch.labels()[i];
                }
            }
        }
        return new Contents(pixels, labels);
    }
}
