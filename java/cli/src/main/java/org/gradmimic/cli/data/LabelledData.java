package org.gradmimic.cli.data;

import java.nio.file.Path;
import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import org.gradmimic.base.InputException;
import org.gradmimic.data.Dataset;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.FeatureDataset;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.io.sample.ClassNames;
import org.gradmimic.io.sample.SampleName;
import org.gradmimic.io.sample.SampleNames;
import org.gradmimic.model.Embedder;
import org.jspecify.annotations.Nullable;

/** Labels, classes and names of the samples of a data set, of images or of features. */
final class LabelledData implements AutoCloseable {
    private final long[] labels;
    private final List<String> classNames;
    private final LongFunction<SampleName> names;
    private final boolean named;
    private final @Nullable FeatureDataset features;

    private LabelledData(
            long[] labels,
            List<String> classNames,
            LongFunction<SampleName> names,
            boolean named,
            @Nullable FeatureDataset features) {
        this.labels = labels;
        this.classNames = classNames;
        this.names = names;
        this.named = named;
        this.features = features;
    }

    /**
     * Opens a data set.
     *
     * @param split of images; null: the first there is
     * @throws InputException if it cannot be opened, or has no such split
     */
    static LabelledData open(String spec, @Nullable Split split) {
        Dataset dataset = Datasets.open(spec);
        if (dataset instanceof ImageDataset images) return of(images, split);
        FeatureDataset features = (FeatureDataset) dataset;
        try {
            if (split != null) throw new InputException("--split is for images; '" + spec + "' holds features");
            return of(features);
        } catch (RuntimeException e) {
            features.close();
            throw e;
        }
    }

    private static LabelledData of(ImageDataset images, @Nullable Split wanted) {
        Split split = wanted != null ? wanted : images.splits().get(0);
        long[] labels = images.labels(split);
        List<String> classes = images.classNames();
        return new LabelledData(
                labels,
                classes,
                id -> new SampleName(
                        id,
                        images.sampleName(split, id),
                        (int) labels[(int) id],
                        classes.get((int) labels[(int) id]),
                        split.toString()),
                true,
                null);
    }

    private static LabelledData of(FeatureDataset features) {
        long[] labels = features.labels();
        List<String> classes = features.classNames();
        List<SampleName> known = SampleNames.beside(features.features().path())
                .map(names -> names.requireSize(labels.length).read())
                .orElse(null);
        return new LabelledData(
                labels,
                classes,
                id -> new SampleName(
                        id,
                        known == null ? Long.toString(id) : known.get((int) id).path(),
                        (int) labels[(int) id],
                        classes.get((int) labels[(int) id]),
                        known == null ? null : known.get((int) id).split()),
                known != null,
                features);
    }

    /** [N] */
    long[] labels() {
        return labels;
    }

    int size() {
        return labels.length;
    }

    List<String> classNames() {
        return classNames;
    }

    /** The features; null for images. */
    @Nullable
    FeatureDataset features() {
        return features;
    }

    /** The path of a sample; its number, if samples have no names. */
    String path(long id) {
        return names.apply(id).path();
    }

    /** Whether samples have paths, rather than numbers alone. */
    boolean isNamed() {
        return named;
    }

    /**
     * Writes labels, names and classes of some samples, numbered anew.
     *
     * @param ids the samples in their new order
     * @param changed [N] the labels to write
     */
    void write(Path folder, int[] ids, long[] changed) {
        long[] picked = new long[ids.length];
        for (int i = 0; i < ids.length; i++) picked[i] = changed[ids[i]];
        NpyWriter.write(folder.resolve(Embedder.LABELS), picked, picked.length);
        ClassNames.write(folder.resolve(ClassNames.FILE), classNames);
        if (!named) return;
        SampleNames.write(
                folder.resolve(SampleNames.FILE),
                IntStream.range(0, ids.length)
                        .mapToObj(i -> renumbered(i, names.apply(ids[i]), (int) changed[ids[i]]))
                        .iterator());
    }

    private SampleName renumbered(int id, SampleName name, int label) {
        return new SampleName(id, name.path(), label, classNames.get(label), name.split());
    }

    @Override
    public void close() {
        if (features != null) features.close();
    }
}
