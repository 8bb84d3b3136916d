package org.gradmimic.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyLabels;
import org.gradmimic.io.sample.ClassNames;

/** Features [N, D] with labels [N], as {@code .npy} files. The features stay on disk and are mapped. */
public final class FeatureDataset implements Dataset, AutoCloseable {
    private final String spec;
    private final NpyFile features;
    private final long[] labels;
    private final List<String> classNames;

    private FeatureDataset(String spec, NpyFile features, long[] labels, List<String> classNames) {
        this.spec = spec;
        this.features = features;
        this.labels = labels;
        this.classNames = classNames;
    }

    /** The names in {@code classes.txt} beside the labels; without that file the numbers of the classes. */
    private static List<String> classNames(Path labelFile, long[] labels) {
        long classes = LongStream.of(labels).max().orElse(-1) + 1;
        Path file = labelFile.toAbsolutePath().resolveSibling(ClassNames.FILE);
        if (!Files.exists(file)) {
            return LongStream.range(0, classes).mapToObj(Long::toString).toList();
        }
        List<String> names = ClassNames.read(file);
        if (names.size() < classes) {
            throw InputException.in(
                    file, "has " + names.size() + " names, but " + labelFile + " has the label " + (classes - 1));
        }
        return names;
    }

    /**
     * Opens {@code FEATURES,LABELS}, or a folder or {@code .npz} that contains {@code features.npy} and {@code labels.npy}.
     *
     * @throws InputException if a file is missing or unreadable, or the shapes do not match
     */
    static FeatureDataset open(String spec, String location) {
        int comma = location.indexOf(',');
        Path features;
        Path labels;
        if (comma >= 0) {
            features = Path.of(location.substring(0, comma));
            labels = Path.of(location.substring(comma + 1));
        } else {
            Path folder = Path.of(location);
            if (!Files.isDirectory(folder) && !InputFiles.isArchive(folder)) {
                throw new InputException(
                        spec + ": expected npy:FEATURES,LABELS, or a folder or .npz with features.npy and labels.npy");
            }
            features = folder.resolve("features.npy");
            labels = folder.resolve("labels.npy");
        }
        NpyFile opened = NpyFile.open(features);
        try {
            opened.requireRank(2);
            if (!opened.type().isFloating()) {
                throw new InputException(features + ": has dtype "
                        + opened.type().code() + "; expected floating-point numbers (f2, f4 or f8)");
            }
            long[] values = readLabels(labels, opened.rows());
            return new FeatureDataset(spec, opened, values, classNames(labels, values));
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private static long[] readLabels(Path file, long samples) {
        try (NpyLabels labels = NpyLabels.open(file)) {
            return checked(labels.requireSamples(samples).readAll(), file);
        }
    }

    @Override
    public String spec() {
        return spec;
    }

    /** From {@code classes.txt} beside the labels; without that file, one class per number up to the largest label. */
    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public List<String> layoutNotes() {
        long lowest = LongStream.of(labels).min().orElse(0);
        long highest = LongStream.of(labels).max().orElse(0);
        return lowest == 1 ? List.of(NpyLabels.note(lowest, highest)) : List.of();
    }

    /** The features, [N, D], f2, f4 or f8. They are closed with this data set. */
    public NpyFile features() {
        return features;
    }

    /** The label of every row; a copy. */
    public long[] labels() {
        return labels.clone();
    }

    @Override
    public void close() {
        features.close();
    }

    private static long[] checked(long[] labels, Path file) {
        for (int i = 0; i < labels.length; i++) {
            // Far above any real number of classes. Ids or pixels given as labels would result in a giant head.
            if (labels[i] < 0 || labels[i] > 10_000_000) {
                throw InputException.in(file, "label " + i + " is " + labels[i] + "; expected a class from 0 up");
            }
        }
        return labels;
    }
}
