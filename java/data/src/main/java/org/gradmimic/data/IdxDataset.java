package org.gradmimic.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * The idx files of MNIST, Fashion-MNIST and similar data sets, with grey converted to RGB. The test files may be
 * missing.
 */
final class IdxDataset implements ImageDataset {
    private final String spec;
    private final ImageSize size;
    private final List<String> classNames;
    private final Map<Split, Path> images = new EnumMap<>(Split.class);
    private final Map<Split, long[]> labels = new EnumMap<>(Split.class);

    private IdxDataset(String spec, Path folder) throws IOException {
        this.spec = spec;
        ImageSize found = null;
        for (Split split : List.of(Split.TRAIN, Split.TEST)) {
            String prefix = split == Split.TRAIN ? "train" : "t10k";
            Path imageFile = find(folder, prefix + "-images", "idx3-ubyte");
            Path labelFile = find(folder, prefix + "-labels", "idx1-ubyte");
            if (imageFile == null && labelFile == null && split == Split.TEST) {
                continue;
            }
            if (imageFile == null || labelFile == null) {
                throw new InputException("data set '" + spec + "': " + folder + " has no " + prefix
                        + (imageFile == null ? "-images-idx3-ubyte" : "-labels-idx1-ubyte") + "[.gz]");
            }
            long[] splitLabels = readLabels(labelFile);
            ImageSize splitSize = measure(imageFile, splitLabels.length, labelFile);
            if (found != null && !found.equals(splitSize)) {
                throw new InputException(imageFile + ": has images of " + splitSize + "; expected " + found);
            }
            found = splitSize;
            images.put(split, imageFile);
            labels.put(split, splitLabels);
        }
        this.size = Objects.requireNonNull(found);
        long classes =
                labels.values().stream().flatMapToLong(LongStream::of).max().orElse(-1) + 1;
        this.classNames = LongStream.range(0, classes).mapToObj(Long::toString).toList();
    }

    static IdxDataset open(String spec, String location) {
        Path folder = Path.of(location);
        if (location.isEmpty() || !Files.isDirectory(folder)) {
            throw new InputException("data set '" + spec + "': there is no folder '" + location + "'");
        }
        try {
            return new IdxDataset(spec, folder);
        } catch (IOException e) {
            throw InputException.in(location, "cannot be read: " + e, e);
        }
    }

    @Override
    public String spec() {
        return spec;
    }

    /** One class per number up to the largest label, named by that number, because the files contain no names. */
    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public List<Split> splits() {
        return List.copyOf(labels.keySet());
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
        long checked = Objects.checkIndex(id, size(split));
        return Objects.requireNonNull(images.get(split)).getFileName() + "[" + checked + "]";
    }

    @Override
    public Optional<ImageSize> nativeSize() {
        return Optional.of(size);
    }

    @Override
    public ImageStream read(Split split, ImageFit fit, int batchSize) {
        size(split);
        return Splits.stream(spec, fit, batchSize, () -> new Cursor(split));
    }

    /** The usual names: with a dash or a dot before idx, gzipped or not. */
    private static @Nullable Path find(Path folder, String stem, String kind) {
        return Stream.of("-", ".")
                .flatMap(joint -> Stream.of("", ".gz").map(ending -> folder.resolve(stem + joint + kind + ending)))
                .filter(Files::isRegularFile)
                .findFirst()
                .orElse(null);
    }

    private static long[] readLabels(Path file) throws IOException {
        try (IdxFile idx = new IdxFile(file, 1)) {
            if (idx.rows() == 0) {
                throw InputException.in(file, "holds no labels");
            }
            // The list grows while reading, because the header of a gzipped file may promise more than the file
            // contains.
            LongStream.Builder found = LongStream.builder();
            byte[] label = new byte[1];
            while (idx.readRow(label)) {
                found.add(label[0] & 0xff);
            }
            return found.build().toArray();
        }
    }

    private static ImageSize measure(Path file, int expected, Path labelFile) throws IOException {
        try (IdxFile idx = new IdxFile(file, 3)) {
            if (idx.rows() != expected) {
                throw InputException.in(
                        file, "holds " + idx.rows() + " images; expected " + expected + ", as " + labelFile + " has");
            }
            return new ImageSize(idx.extent(1), idx.extent(2));
        }
    }

    private final class Cursor implements SampleCursor {
        private final ImageDecoder decoder = new ImageDecoder();
        private final IdxFile file;
        private final long[] splitLabels;
        private final byte[] grey;
        private final byte[] rgb;
        private int id = -1;

        Cursor(Split split) throws IOException {
            file = new IdxFile(Objects.requireNonNull(images.get(split)), 3);
            splitLabels = Objects.requireNonNull(labels.get(split));
            grey = new byte[file.rowBytes()];
            rgb = new byte[3 * grey.length];
        }

        @Override
        public boolean next() {
            id++;
            return file.readRow(grey);
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
            for (int i = 0; i < grey.length; i++) {
                rgb[3 * i] = grey[i];
                rgb[3 * i + 1] = grey[i];
                rgb[3 * i + 2] = grey[i];
            }
            decoder.raw(rgb, size, target, fit);
        }

        @Override
        public void close() throws IOException {
            decoder.close();
            file.close();
        }
    }
}
