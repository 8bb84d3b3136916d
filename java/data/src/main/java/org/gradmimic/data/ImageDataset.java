package org.gradmimic.data;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;

/**
 * Labelled images that are decoded as they are read. The id of a sample is its position in its split, 0 to size − 1. It
 * is the same every time and wherever the images are stored. Opened with {@link Datasets#openImages}.
 */
public sealed interface ImageDataset extends Dataset
        permits StoredImageDataset, CifarDataset, IdxDataset, DrawnDataset {

    /**
     * The existing splits, {@link Split#TRAIN} first if it exists. A data set that is not divided has only that one.
     */
    List<Split> splits();

    /**
     * The number of samples in a split.
     *
     * @throws InputException if there is no such split
     */
    int size(Split split);

    /**
     * The labels of all samples, in the order of the ids; a copy.
     *
     * @throws InputException if there is no such split
     */
    long[] labels(Split split);

    /**
     * A readable name of a sample: its path in the folder or archive, or its position in a file.
     *
     * @throws InputException if there is no such split
     * @throws IndexOutOfBoundsException if there is no such sample
     */
    String sampleName(Split split, long id);

    /** The size of all images, if their format fixes it; empty if each image may have its own. */
    Optional<ImageSize> nativeSize();

    /** What decoders have said so far of images that were read. Nothing where images are not encoded one by one. */
    default ImageWarnings warnings() {
        return new ImageWarnings();
    }

    /**
     * Starts reading a split from its beginning. The order is that of the source (an archive is read from front to
     * back). It is the same every time and not shuffled; use the ids to identify samples.
     *
     * @param split which part
     * @param fit how every image gets its size
     * @param batchSize images in a batch; the last batch may be shorter
     * @throws InputException if there is no such split, or it cannot be read
     */
    ImageStream read(Split split, ImageFit fit, int batchSize);

    /** Like {@link #read(Split, ImageFit, int)}, with images scaled by {@link ImageFit#of}. */
    default ImageStream read(Split split, ImageSize size, int batchSize) {
        return read(split, ImageFit.of(size), batchSize);
    }

    /**
     * Reads some samples into memory, such as those on which a small network is trained.
     *
     * @param split which part
     * @param size as for {@link #read}
     * @param ids the samples, each at most once
     * @return one batch, in the order of {@code ids}, whose pixels are not shared
     * @throws InputException if there is no such split or sample, or it cannot be read
     * @throws InvalidArgumentException if a sample is requested twice, or the pixels exceed 2 GB
     */
    default ImageBatch load(Split split, ImageSize size, long... ids) {
        int[] places = new int[size(split)];
        Arrays.fill(places, -1);
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= places.length) {
                throw new InputException("data set '" + spec() + "': there is no sample " + ids[i] + " in the " + split
                        + " split of " + places.length);
            }
            if (places[(int) ids[i]] >= 0) {
                throw new InvalidArgumentException("sample " + ids[i] + " is requested twice");
            }
            places[(int) ids[i]] = i;
        }
        int bytes = size.rgbBytes();
        ByteBuffer pixels = ByteBuffer.allocateDirect(ids.length == 0 ? 0 : ImageStream.bufferBytes(size, ids.length));
        long[] labels = new long[ids.length];
        int left = ids.length;
        try (ImageStream stream = read(split, size, Math.min(256, places.length))) {
            for (ImageBatch batch = stream.next(); batch != null && left > 0; batch = stream.next()) {
                for (int i = 0; i < batch.size(); i++) {
                    int place = places[(int) batch.ids()[i]];
                    if (place >= 0) {
                        pixels.put(place * bytes, batch.pixels(), i * bytes, bytes);
                        labels[place] = batch.labels()[i];
                        left--;
                    }
                }
            }
        }
        return new ImageBatch(pixels, labels, ids.clone());
    }
}
