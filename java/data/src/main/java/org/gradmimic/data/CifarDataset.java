package org.gradmimic.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.LongStream;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;

/**
 * The binary distribution of CIFAR-10 and CIFAR-100. A record is one label (CIFAR-100: the coarse label, then the fine
 * one, which is used) and 3072 bytes: the red, green and blue planes of an image of 32×32.
 *
 * @see <a href="https://www.cs.toronto.edu/~kriz/cifar.html">Krizhevsky: the CIFAR-10 and CIFAR-100 data sets</a>
 */
final class CifarDataset implements ImageDataset, SampleAccess.Provider {
    private static final ImageSize SIZE = ImageSize.square(32);
    private static final int PLANE = 32 * 32;
    private static final int IMAGE = 3 * PLANE;
    private static final int BATCHES = 5;

    private final String spec;
    private final int labelBytes;
    private final List<String> classNames;
    private final Map<Split, List<Part>> parts = new EnumMap<>(Split.class);
    private final Map<Split, long[]> labels = new EnumMap<>(Split.class);

    /** One file and the number of records in it. */
    private record Part(Path file, int records) {}

    private CifarDataset(String spec, Path names, int labelBytes, Map<Split, List<Path>> files) {
        this.spec = spec;
        this.labelBytes = labelBytes;
        this.classNames = readNames(names);
        files.forEach((split, paths) -> {
            List<Part> found = paths.stream().map(this::measure).toList();
            parts.put(split, found);
            labels.put(split, found.stream().flatMapToLong(this::readLabels).toArray());
        });
    }

    /** {@code data_batch_1.bin} to {@code 5}, {@code test_batch.bin}, {@code batches.meta.txt}. */
    static CifarDataset open10(String spec, String location) {
        Path folder = folder(spec, location);
        List<Path> train = new ArrayList<>();
        for (int i = 1; i <= BATCHES; i++) {
            train.add(folder.resolve("data_batch_" + i + ".bin"));
        }
        Map<Split, List<Path>> files =
                Map.of(Split.TRAIN, train, Split.TEST, List.of(folder.resolve("test_batch.bin")));
        return new CifarDataset(spec, folder.resolve("batches.meta.txt"), 1, files);
    }

    /** {@code train.bin}, {@code test.bin}, {@code fine_label_names.txt}. */
    static CifarDataset open100(String spec, String location) {
        Path folder = folder(spec, location);
        Map<Split, List<Path>> files = Map.of(
                Split.TRAIN, List.of(folder.resolve("train.bin")), Split.TEST, List.of(folder.resolve("test.bin")));
        return new CifarDataset(spec, folder.resolve("fine_label_names.txt"), 2, files);
    }

    @Override
    public String spec() {
        return spec;
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public List<Split> splits() {
        return List.of(Split.TRAIN, Split.TEST);
    }

    @Override
    public int size(Split split) {
        long[] found = labels.get(split);
        return Splits.require(this, split, found == null ? 0 : found.length);
    }

    @Override
    public long[] labels(Split split) {
        size(split);
        return Objects.requireNonNull(labels.get(split)).clone();
    }

    @Override
    public String sampleName(Split split, long id) {
        long record = Objects.checkIndex(id, size(split));
        for (Part part : Objects.requireNonNull(parts.get(split))) {
            if (record < part.records()) {
                return part.file().getFileName() + "[" + record + "]";
            }
            record -= part.records();
        }
        throw new AssertionError(id);
    }

    @Override
    public Optional<ImageSize> nativeSize() {
        return Optional.of(SIZE);
    }

    @Override
    public ImageStream read(Split split, ImageSize size, int batchSize) {
        return Splits.stream(spec, size, batchSize, () -> new Cursor(split));
    }

    private int record() {
        return labelBytes + IMAGE;
    }

    private Part measure(Path file) {
        try {
            long bytes = Files.size(file);
            if (bytes == 0 || bytes % record() != 0 || bytes / record() > Integer.MAX_VALUE / BATCHES) {
                throw InputException.in(
                        file,
                        "has " + bytes + " bytes, so it is truncated or not a file of this kind; expected"
                                + " a multiple of " + record() + " (" + bytes / record() + " whole records are there)");
            }
            return new Part(file, (int) (bytes / record()));
        } catch (IOException e) {
            throw missing(file, e);
        }
    }

    private LongStream readLabels(Part part) {
        long[] found = new long[part.records()];
        try (InputStream in = new BufferedInputStream(InputFiles.open(part.file()), 1 << 16)) {
            for (int i = 0; i < found.length; i++) {
                in.skipNBytes(labelBytes - 1);
                found[i] = in.read();
                if (found[i] < 0 || found[i] >= classNames.size()) {
                    throw InputException.in(
                            part.file(),
                            "record " + i + " has the label " + found[i] + "; expected 0 to "
                                    + (classNames.size() - 1));
                }
                in.skipNBytes(IMAGE);
            }
        } catch (IOException e) {
            throw missing(part.file(), e);
        }
        return LongStream.of(found);
    }

    private static List<String> readNames(Path file) {
        try {
            List<String> names = Files.readAllLines(file, StandardCharsets.UTF_8).stream()
                    .map(String::strip)
                    .filter(name -> !name.isEmpty())
                    .toList();
            if (names.isEmpty()) {
                throw InputException.in(file, "names no classes");
            }
            return names;
        } catch (IOException e) {
            throw missing(file, e);
        }
    }

    private static Path folder(String spec, String location) {
        Path folder = Path.of(location);
        if (location.isEmpty() || !Files.isDirectory(folder)) {
            throw new InputException("data set '" + spec + "': there is no folder '" + location + "'");
        }
        return folder;
    }

    private static InputException missing(Path file, IOException cause) {
        String reason = Files.exists(file) ? "cannot be read: " + cause : "no such file";
        return InputException.in(file, reason + "; expected the binary distribution (.bin files)", cause);
    }

    /** The pixels of a record, which has a plane for each colour, in the order of RGB. */
    private void interleave(byte[] record, byte[] rgb) {
        for (int i = 0; i < PLANE; i++) {
            rgb[3 * i] = record[labelBytes + i];
            rgb[3 * i + 1] = record[labelBytes + PLANE + i];
            rgb[3 * i + 2] = record[labelBytes + 2 * PLANE + i];
        }
    }

    @Override
    public SampleAccess access(Split split) throws IOException {
        List<Part> files = Objects.requireNonNull(parts.get(split));
        List<FileChannel> channels = new ArrayList<>();
        for (Part part : files) channels.add(InputFiles.channel(part.file()));
        return new SampleAccess() {
            @Override
            public ImageDecoder decoder() {
                return new ImageDecoder();
            }

            @Override
            public Mat read(int id, ImageDecoder decoder) throws IOException {
                int part = 0;
                int record = id;
                while (record >= files.get(part).records())
                    record -= files.get(part++).records();
                ByteBuffer bytes = ByteBuffer.allocate(record());
                while (bytes.hasRemaining()) {
                    long at = (long) record * record() + bytes.position();
                    if (channels.get(part).read(bytes, at) < 0) {
                        throw new EOFException(files.get(part).file() + " was truncated while it was read");
                    }
                }
                byte[] rgb = new byte[IMAGE];
                interleave(bytes.array(), rgb);
                return decoder.raw(rgb, SIZE);
            }

            @Override
            public void close() throws IOException {
                for (FileChannel channel : channels) channel.close();
            }
        };
    }

    private final class Cursor implements SampleCursor {
        private final ImageDecoder decoder = new ImageDecoder();
        private final Iterator<Part> files;
        private final long[] splitLabels;
        private final byte[] record = new byte[record()];
        private final byte[] rgb = new byte[IMAGE];
        private InputStream in = InputStream.nullInputStream();
        private Part part = new Part(Path.of(""), 0);
        private int inPart;
        private int id = -1;

        Cursor(Split split) {
            files = Objects.requireNonNull(parts.get(split)).iterator();
            splitLabels = Objects.requireNonNull(labels.get(split));
        }

        @Override
        public boolean next() throws IOException {
            while (inPart == part.records()) {
                if (!files.hasNext()) {
                    return false;
                }
                in.close();
                part = files.next();
                in = new BufferedInputStream(InputFiles.open(part.file()), 1 << 16);
                inPart = 0;
            }
            if (in.readNBytes(record, 0, record.length) < record.length) {
                throw new EOFException(part.file() + " was truncated while it was read");
            }
            inPart++;
            id++;
            return true;
        }

        @Override
        public long id() {
            return id;
        }

        @Override
        public long label() {
            return splitLabels[id];
        }

        @Override
        public void paint(Mat target) {
            interleave(record, rgb);
            decoder.raw(rgb, SIZE, target);
        }

        @Override
        public void close() throws IOException {
            decoder.close();
            in.close();
        }
    }
}
