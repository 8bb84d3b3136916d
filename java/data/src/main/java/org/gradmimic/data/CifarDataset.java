package org.gradmimic.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
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
import java.util.stream.Stream;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;

/**
 * CIFAR-10 and CIFAR-100 as they are distributed, in binary files or pickled for Python. CIFAR-100 is labelled by its fine
 * classes.
 *
 * @see <a href="https://www.cs.toronto.edu/~kriz/cifar.html">Krizhevsky: the CIFAR-10 and CIFAR-100 data sets</a>
 */
final class CifarDataset implements ImageDataset, SampleAccess.Provider {
    private static final ImageSize SIZE = ImageSize.square(32);
    private static final int PLANE = 32 * 32;
    private static final int BATCHES = 5;

    private final String spec;
    private final List<String> classNames;
    private final Map<Split, List<CifarFile>> files = new EnumMap<>(Split.class);
    private final Map<Split, long[]> labels = new EnumMap<>(Split.class);

    private CifarDataset(String spec, List<String> classNames, List<CifarFile> train, CifarFile test) {
        this.spec = spec;
        this.classNames = classNames;
        files.put(Split.TRAIN, train);
        files.put(Split.TEST, List.of(test));
        files.forEach((split, parts) -> labels.put(
                split,
                parts.stream()
                        .flatMapToLong(part -> LongStream.of(part.labels()))
                        .toArray()));
    }

    /**
     * {@code data_batch_1.bin} to {@code 5}, {@code test_batch.bin} and {@code batches.meta.txt}; for Python the same
     * names without endings.
     */
    static CifarDataset open10(String spec, String location) {
        Path folder = folder(spec, location, "data_batch_1", "cifar-10-batches-bin", "cifar-10-batches-py");
        boolean python = isPython(folder, "data_batch_1");
        List<String> names = python
                ? CifarFile.pythonNames(folder.resolve("batches.meta"), "label_names")
                : CifarFile.names(folder.resolve("batches.meta.txt"));
        List<CifarFile> train = new ArrayList<>();
        for (int i = 1; i <= BATCHES; i++) train.add(file10(folder, "data_batch_" + i, python, names.size()));
        return new CifarDataset(spec, names, train, file10(folder, "test_batch", python, names.size()));
    }

    private static CifarFile file10(Path folder, String name, boolean python, int classes) {
        return python
                ? CifarFile.python(folder.resolve(name), "labels", classes)
                : CifarFile.binary(folder.resolve(name + ".bin"), 1, classes);
    }

    /**
     * {@code train.bin}, {@code test.bin}, {@code fine_label_names.txt}; for Python {@code train}, {@code test}, {@code
     * meta}.
     */
    static CifarDataset open100(String spec, String location) {
        Path folder = folder(spec, location, "train", "cifar-100-binary", "cifar-100-python");
        boolean python = isPython(folder, "train");
        List<String> names = python
                ? CifarFile.pythonNames(folder.resolve("meta"), "fine_label_names")
                : CifarFile.names(folder.resolve("fine_label_names.txt"));
        CifarFile train = file100(folder, "train", python, names.size());
        return new CifarDataset(spec, names, List.of(train), file100(folder, "test", python, names.size()));
    }

    private static CifarFile file100(Path folder, String name, boolean python, int classes) {
        return python
                ? CifarFile.python(folder.resolve(name), "fine_labels", classes)
                : CifarFile.binary(folder.resolve(name + ".bin"), 2, classes);
    }

    /** Without a binary file, the file of the same name without ending is that of the distribution for Python. */
    private static boolean isPython(Path folder, String name) {
        return !Files.exists(folder.resolve(name + ".bin")) && Files.isRegularFile(folder.resolve(name));
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
        for (CifarFile file : Objects.requireNonNull(files.get(split))) {
            if (record < file.records()) {
                return file.path().getFileName() + "[" + record + "]";
            }
            record -= file.records();
        }
        throw new AssertionError(id);
    }

    @Override
    public Optional<ImageSize> nativeSize() {
        return Optional.of(SIZE);
    }

    @Override
    public ImageStream read(Split split, ImageFit fit, int batchSize) {
        return Splits.stream(spec, fit, batchSize, () -> new Cursor(split));
    }

    /** The folder that has the first file, or the folder of a distribution in it. */
    private static Path folder(String spec, String location, String first, String... distributions) {
        Path folder = Path.of(location);
        if (location.isEmpty() || !Files.isDirectory(folder)) {
            throw new InputException("data set '" + spec + "': there is no folder '" + location + "'");
        }
        if (Files.exists(folder.resolve(first + ".bin")) || Files.exists(folder.resolve(first))) return folder;
        return Stream.of(distributions)
                .map(folder::resolve)
                .filter(Files::isDirectory)
                .findFirst()
                .orElse(folder);
    }

    /** The pixels of a record, which has a plane for each colour, in the order of RGB. */
    private static void interleave(byte[] record, int from, byte[] rgb) {
        for (int i = 0; i < PLANE; i++) {
            rgb[3 * i] = record[from + i];
            rgb[3 * i + 1] = record[from + PLANE + i];
            rgb[3 * i + 2] = record[from + 2 * PLANE + i];
        }
    }

    @Override
    public SampleAccess access(Split split) throws IOException {
        List<CifarFile> parts = Objects.requireNonNull(files.get(split));
        List<FileChannel> channels = new ArrayList<>();
        for (CifarFile part : parts) channels.add(InputFiles.channel(part.path()));
        return new SampleAccess() {
            @Override
            public ImageDecoder decoder() {
                return new ImageDecoder();
            }

            @Override
            public Mat read(int id, ImageDecoder decoder) throws IOException {
                int part = 0;
                int record = id;
                while (record >= parts.get(part).records())
                    record -= parts.get(part++).records();
                CifarFile file = parts.get(part);
                ByteBuffer bytes = ByteBuffer.allocate(file.recordBytes());
                while (bytes.hasRemaining()) {
                    long at = file.start() + (long) record * file.recordBytes() + bytes.position();
                    if (channels.get(part).read(bytes, at) < 0) {
                        throw new EOFException(file.path() + " was truncated while it was read");
                    }
                }
                byte[] rgb = new byte[CifarFile.IMAGE];
                interleave(bytes.array(), file.labelBytes(), rgb);
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
        private final Iterator<CifarFile> parts;
        private final long[] splitLabels;
        private final byte[] rgb = new byte[CifarFile.IMAGE];
        private byte[] record = {};
        private InputStream in = InputStream.nullInputStream();
        private CifarFile part = new CifarFile(Path.of(""), 0, 0, new long[0]);
        private int inPart;
        private int id = -1;

        Cursor(Split split) {
            parts = Objects.requireNonNull(files.get(split)).iterator();
            splitLabels = Objects.requireNonNull(labels.get(split));
        }

        @Override
        public boolean next() throws IOException {
            while (inPart == part.records()) {
                if (!parts.hasNext()) {
                    return false;
                }
                in.close();
                part = parts.next();
                record = new byte[part.recordBytes()];
                in = new BufferedInputStream(InputFiles.open(part.path()), 1 << 16);
                in.skipNBytes(part.start());
                inPart = 0;
            }
            if (in.readNBytes(record, 0, record.length) < record.length) {
                throw new EOFException(part.path() + " was truncated while it was read");
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
        public void paint(Mat target, ImageFit fit) {
            interleave(record, part.labelBytes(), rgb);
            decoder.raw(rgb, SIZE, target, fit);
        }

        @Override
        public void close() throws IOException {
            decoder.close();
            in.close();
        }
    }
}
