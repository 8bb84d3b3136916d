package org.gradmimic.fuzz;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyStream;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.score.ScoreLogWriter;

/** Small files of every format, of other modules' tests or made here. */
final class Seeds {
    static final Path WEIGHTS = Path.of("../models/src/test/resources/weights");
    static final int SAFETENSORS_DATA = 28;

    private static final String UID = "0".repeat(31) + "1";

    private static final Path TARS = Path.of("../reshard/src/test/resources/reshard");
    private static final Path DATACOMP = Path.of("../select/src/test/resources/datacomp");

    private Seeds() {}

    static List<byte[]> npys(Path folder) throws IOException {
        Path floats = folder.resolve("floats.npy");
        NpyWriter.write(floats, new float[] {1, 2.5f, -3, 4, 5, 6}, 2, 3);
        Path longs = folder.resolve("longs.npy");
        NpyWriter.write(longs, new long[] {1, -2, 3}, 3);
        Path halves = folder.resolve("halves.npy");
        try (NpyStream stream = NpyStream.create(halves, NpyType.FLOAT16, 2, 2)) {
            for (int i = 0; i < 4; i++) stream.next().putShort((short) (0x3c00 + i));
            stream.commit();
        }
        List<byte[]> arrays = new ArrayList<>(files(folder, "floats.npy", "longs.npy", "halves.npy"));
        arrays.add(columns());
        return arrays;
    }

    /** Big-endian doubles, stored column by column. */
    private static byte[] columns() {
        byte[] header = latin("{'descr': '>f8', 'fortran_order': True, 'shape': (3, 2), }\n");
        ByteBuffer file = ByteBuffer.allocate(10 + header.length + 6 * Double.BYTES);
        file.put(latin("\u0093NUMPY\1\0"))
                .put((byte) header.length)
                .put((byte) 0)
                .put(header);
        for (int i = 0; i < 6; i++) file.putDouble(i - 2.5);
        return file.array();
    }

    static List<byte[]> uids() throws IOException {
        return files(DATACOMP, "basic.npy", "b32_30.npy");
    }

    static List<byte[]> npyLabels(Path folder) throws IOException {
        NpyWriter.write(folder.resolve("labels.npy"), new long[] {2, 0, 1}, 3);
        NpyWriter.write(folder.resolve("one-hot.npy"), new float[] {0, 1, 1, 0}, 2, 2);
        return files(folder, "labels.npy", "one-hot.npy");
    }

    static List<byte[]> npyFilter(Path folder) throws IOException {
        NpyWriter.write(folder.resolve("keep.npy"), new boolean[] {true, false, true}, 3);
        return files(folder, "keep.npy");
    }

    static List<byte[]> parquetFilter(Path folder) throws IOException {
        Path file = folder.resolve("keep.parquet");
        FilterFile.write(file, Filter.none(20));
        return files(folder, "keep.parquet");
    }

    static List<byte[]> parquetScores(Path folder) throws IOException {
        new ParquetColumns()
                .longs("sample_id", new long[] {0, 1, 2})
                .floats("score", new float[] {1, -1, Float.NaN})
                .write(folder.resolve("scores.parquet"));
        return files(folder, "scores.parquet");
    }

    static List<byte[]> metadata(Path folder) throws IOException {
        new ParquetColumns()
                .texts("uid", new String[] {UID, "f".repeat(32), "a".repeat(32)})
                .texts("text", new String[] {"a dog on grass", "cat", "three small words"})
                .ints("original_width", new int[] {300, 200, 512})
                .ints("original_height", new int[] {200, 900, 512})
                .floats("clip_b32_similarity_score", new float[] {0.3f, 0.1f, 0.2f})
                .write(folder.resolve("metadata.parquet"));
        return files(folder, "metadata.parquet");
    }

    static List<byte[]> log(Path folder) throws IOException {
        Path log = folder.resolve("log");
        try (ScoreLogWriter writer = ScoreLogWriter.create(log, 100)) {
            writer.append(0, 0, new long[] {0, 1, 2}, new float[] {1, -1, 0}, new float[3], new float[3], 3);
            writer.append(1, 1, new long[] {2, 1, 0}, new float[] {2, -1, 0}, new float[3], new float[3], 3);
        }
        return files(log, "part-000000.parquet");
    }

    static List<byte[]> safetensors() {
        byte[] header = ("{\"__metadata__\":{\"format\":\"pt\"},\"weight\":{\"dtype\":\"F32\",\"shape\":[2,3],"
                        + "\"data_offsets\":[0,24]},\"bias\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[24,28]}}")
                .getBytes(StandardCharsets.UTF_8);
        ByteBuffer file =
                ByteBuffer.allocate(8 + header.length + SAFETENSORS_DATA).order(ByteOrder.LITTLE_ENDIAN);
        return List.of(file.putLong(header.length).put(header).array());
    }

    static List<byte[]> idx(boolean zipped) throws IOException {
        ByteBuffer images = ByteBuffer.allocate(16 + 2 * 6)
                .putInt(0x803)
                .putInt(2)
                .putInt(2)
                .putInt(3);
        if (!zipped) return List.of(images.array());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(images.array());
        }
        return List.of(bytes.toByteArray());
    }

    /** A subset with the uid of the shards' first sample. */
    static byte[] subset() {
        byte[] header = "{'descr': [('f0', '<u8'), ('f1', '<u8')], 'fortran_order': False, 'shape': (1,), }\n"
                .getBytes(StandardCharsets.US_ASCII);
        ByteBuffer file =
                ByteBuffer.allocate(10 + header.length + 2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.put("\u0093NUMPY\1\0".getBytes(StandardCharsets.ISO_8859_1));
        return file.putShort((short) header.length)
                .put(header)
                .putLong(0)
                .putLong(1)
                .array();
    }

    static List<byte[]> shards() throws IOException {
        byte[] json = ("{\"uid\":\"" + UID + "\",\"text\":\"a\"}").getBytes(StandardCharsets.UTF_8);
        return List.of(
                tar("0001.json", json, "0001.txt", new byte[700]), tar("a/b.json", json, "a/b.jpg", new byte[9]));
    }

    static List<byte[]> imageTars() throws IOException {
        return List.of(tar("a/0.png", image("png", 5, 4), "b/1.bmp", image("bmp", 3, 3)));
    }

    static List<byte[]> imageZips() throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("a/0.png", image("png", 5, 4));
        entries.put("b/1.bmp", image("bmp", 3, 3));
        return List.of(zip(entries));
    }

    static List<byte[]> npzs(Path folder) throws IOException {
        return List.of(zip(Map.of("x.npy", npys(folder).get(0))));
    }

    /** One sample, as Python 2 pickled it. */
    static List<byte[]> cifarPython() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(latin("\u0080\2}q\1(U\6labels]q\2(K\0eU\4datacnumpy.core.multiarray\n_reconstruct\n"
                + "cnumpy\nndarray\nK\0\u0085U\1b\u0087R(K\1K\1M\0\14\u0086U\2u1\u0089T\0\14\0\0"));
        out.writeBytes(new byte[3072]);
        out.writeBytes(latin("tbu."));
        return List.of(out.toByteArray());
    }

    static byte[] cifarNames() {
        return latin("\u0080\2}U\13label_names](U\1aU\1bes.");
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static List<byte[]> tars() throws IOException {
        List<byte[]> tars = new ArrayList<>(files(TARS, "large-uid.tar", "links.tar", "sparse-gnu.tar"));
        tars.add(tar("0001.json", "{\"uid\":\"0\"}".getBytes(StandardCharsets.UTF_8), "0001.txt", new byte[700]));
        tars.add(withPax(tars.get(3)));
        return tars;
    }

    /** Two members, in the oldest of tar's formats. */
    private static byte[] tar(String first, byte[] content, String second, byte[] other) {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        member(tar, first, '0', content);
        member(tar, second, '0', other);
        tar.writeBytes(new byte[1024]);
        return tar.toByteArray();
    }

    private static byte[] withPax(byte[] tar) {
        ByteArrayOutputStream pax = new ByteArrayOutputStream();
        member(pax, "PaxHeaders/0001", 'x', "17 path=long.jso\n11 size=11\n".getBytes(StandardCharsets.US_ASCII));
        member(pax, "././@LongLink", 'L', "another.name.json\0".getBytes(StandardCharsets.US_ASCII));
        pax.writeBytes(tar);
        return pax.toByteArray();
    }

    private static void member(ByteArrayOutputStream tar, String name, char type, byte[] content) {
        ByteBuffer header = ByteBuffer.allocate(512);
        header.put(name.getBytes(StandardCharsets.US_ASCII));
        header.put(100, "0000644\0".getBytes(StandardCharsets.US_ASCII));
        header.put(124, String.format("%011o ", content.length).getBytes(StandardCharsets.US_ASCII));
        header.put(136, "00000000000 ".getBytes(StandardCharsets.US_ASCII));
        header.put(148, "        ".getBytes(StandardCharsets.US_ASCII));
        header.put(156, (byte) type);
        header.put(257, "ustar\00000".getBytes(StandardCharsets.US_ASCII));
        int sum = 0;
        for (byte b : header.array()) sum += b & 0xff;
        header.put(148, String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII));
        tar.writeBytes(header.array());
        tar.writeBytes(content);
        tar.writeBytes(new byte[-content.length & 511]);
    }

    static byte[] image(String kind, int width, int height) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) image.setRGB(x, y, 0x10101 * (x * 7 + y * 11));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (!ImageIO.write(image, kind, bytes)) throw new IOException("no writer of " + kind);
        return bytes.toByteArray();
    }

    static List<byte[]> torch() throws IOException {
        return files(WEIGHTS, "types.pt", "protocol4.pt", "wrapped.pt");
    }

    static List<byte[]> pickles() throws IOException {
        List<byte[]> pickles = new ArrayList<>();
        for (String archive : List.of("types.pt", "protocol4.pt")) {
            entries(WEIGHTS.resolve(archive)).forEach((name, bytes) -> {
                if (name.endsWith("/data.pkl")) pickles.add(bytes);
            });
        }
        return pickles;
    }

    /** Read once: there are many pickles. */
    private static final class Types {
        static final Map<String, byte[]> ENTRIES = read();

        private static Map<String, byte[]> read() {
            try {
                return entries(WEIGHTS.resolve("types.pt"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** An archive of torch's with another pickle. */
    static byte[] archive(byte[] pickle) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>(Types.ENTRIES);
        entries.replaceAll((name, bytes) -> name.endsWith("/data.pkl") ? pickle : bytes);
        return zip(entries);
    }

    static Map<String, byte[]> entries(Path archive) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                try (InputStream content = zip.getInputStream(entry)) {
                    entries.put(entry.getName(), content.readAllBytes());
                }
            }
        }
        return entries;
    }

    static byte[] zip(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            for (Map.Entry<String, byte[]> named : entries.entrySet()) {
                CRC32 checksum = new CRC32();
                checksum.update(named.getValue());
                ZipEntry entry = new ZipEntry(named.getKey());
                entry.setTime(0);
                entry.setSize(named.getValue().length);
                entry.setCrc(checksum.getValue());
                zip.putNextEntry(entry);
                zip.write(named.getValue());
            }
        }
        return bytes.toByteArray();
    }

    static List<byte[]> files(Path folder, String... names) throws IOException {
        List<byte[]> files = new ArrayList<>();
        for (String name : names) files.add(Files.readAllBytes(folder.resolve(name)));
        return files;
    }
}
