package org.gradmimic.model;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.Split;
import org.jspecify.annotations.Nullable;

/**
 * The images of a split in the form that a model takes, in the order of the source. The next batch is decoded while the
 * current one is used.
 */
public final class ImageBatches implements AutoCloseable {
    private final ReadAhead images;
    private final ImageSize size;
    private final PixelNormalisation normalisation;

    /**
     * A batch of images.
     *
     * @param images [n,3,H,W] float, normalised
     * @param labels [n]
     * @param ids [n] positions in the split
     */
    public record Batch(Tensor images, long[] labels, long[] ids) {}

    /**
     * @param size the size to which every image is scaled
     * @param batchSize images per batch, at least 1
     */
    public ImageBatches(
            ImageDataset dataset, Split split, ImageSize size, int batchSize, PixelNormalisation normalisation) {
        this.size = size;
        this.normalisation = normalisation;
        images = new ReadAhead(dataset.read(split, size, batchSize), batchSize * size.rgbBytes());
    }

    /**
     * The next batch, in the caller's scope; null at the end.
     *
     * @throws org.gradmimic.base.InputException if an image is damaged
     */
    public @Nullable Batch next() {
        ImageBatch batch = images.next();
        if (batch == null) return null;
        Tensor images = normalisation.of(ImageTensors.view(batch.pixels(), batch.size(), size));
        return new Batch(images, batch.labels(), batch.ids());
    }

    @Override
    public void close() {
        images.close();
    }
}
