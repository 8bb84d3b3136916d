package org.gradmimic.score;

import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.Split;
import org.gradmimic.model.ImageBatches;
import org.gradmimic.model.PixelNormalisation;
import org.jspecify.annotations.Nullable;

/** A data set's images with their labels. */
public final class ImageSamples implements Samples {
    private final ImageDataset dataset;
    private final Split split;
    private final ImageBatches batches;

    /**
     * @param size what images are scaled to
     * @param classes how many a model tells apart
     * @param batchSize images at a time
     * @throws InputException if there is no such split, or a label out of range
     */
    public ImageSamples(
            ImageDataset dataset,
            Split split,
            ImageSize size,
            int classes,
            int batchSize,
            PixelNormalisation normalisation) {
        this.dataset = dataset;
        this.split = split;
        long[] labels = dataset.labels(split);
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new InputException(
                        "data set '" + dataset.spec() + "': the label of " + dataset.sampleName(split, i) + " is "
                                + labels[i] + "; the model has " + classes + " classes");
            }
        }
        batches = new ImageBatches(dataset, split, size, batchSize, normalisation);
    }

    @Override
    public long count() {
        return dataset.size(split);
    }

    @Override
    public String name() {
        return "data set '" + dataset.spec() + "'";
    }

    @Override
    public @Nullable Batch next() {
        ImageBatches.Batch batch = batches.next();
        if (batch == null) return null;
        return new Batch(batch.images(), Tensors.of(batch.labels(), batch.labels().length), batch.ids());
    }

    @Override
    public void close() {
        batches.close();
    }
}
