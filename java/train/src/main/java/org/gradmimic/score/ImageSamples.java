package org.gradmimic.score;

import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.Split;
import org.gradmimic.model.ImageBatches;
import org.gradmimic.model.PixelNormalisation;
import org.jspecify.annotations.Nullable;

/** The images of a data set with their labels. */
public final class ImageSamples implements Samples {
    private final ImageDataset dataset;
    private final Split split;
    private final ImageBatches batches;

    private ImageSamples(ImageDataset dataset, Split split, ImageBatches batches) {
        this.dataset = dataset;
        this.split = split;
        this.batches = batches;
    }

    /** A builder of samples from a split of a data set. */
    public static Builder builder(ImageDataset dataset, Split split) {
        return new Builder(dataset, split);
    }

    /** Collects how images are read; {@link #open} begins to read them. */
    public static final class Builder {
        private final ImageDataset dataset;
        private final Split split;
        private int batchSize = ModelSource.CHUNK;
        private PixelNormalisation normalisation = PixelNormalisation.of(0.5, 0.5);

        private Builder(ImageDataset dataset, Split split) {
            this.dataset = dataset;
            this.split = split;
        }

        /** Sets the number of images per batch. */
        public Builder batchSize(int images) {
            batchSize = images;
            return this;
        }

        /** Sets the normalisation of pixels; the default is a mean and standard deviation of 0.5. */
        public Builder normalisation(PixelNormalisation pixels) {
            normalisation = pixels;
            return this;
        }

        /**
         * Begins to read the images.
         *
         * @param size the size to which images are scaled
         * @param classes the model's number of classes
         * @throws InputException if the split does not exist, or a label is out of range
         */
        public ImageSamples open(ImageSize size, int classes) {
            long[] labels = dataset.labels(split);
            for (int i = 0; i < labels.length; i++) {
                if (labels[i] < 0 || labels[i] >= classes) {
                    throw new InputException(
                            "data set '" + dataset.spec() + "': the label of " + dataset.sampleName(split, i) + " is "
                                    + labels[i] + "; the model has " + classes + " classes");
                }
            }
            return new ImageSamples(dataset, split, new ImageBatches(dataset, split, size, batchSize, normalisation));
        }
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
