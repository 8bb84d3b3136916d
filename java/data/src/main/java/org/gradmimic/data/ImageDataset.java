package org.gradmimic.data;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;

/**
 * Labelled images that are decoded as they are read. A sample's id is its position in its split, 0 to size − 1, the
 * same every time and wherever the images lie. Opened with {@link Datasets#openImages}.
 */
public sealed interface ImageDataset extends Dataset
        permits ClassFolderDataset, CifarDataset, IdxDataset, DrawnDataset {

    /** The splits there are, {@link Split#TRAIN} first if it is there; a data set without division has only that. */
    List<Split> splits();

    /**
     * Number of samples in a split.
     *
     * @throws InputException if there is no such split
     */
    int size(Split split);

    /**
     * Every sample's label, in order of the ids; a copy.
     *
     * @throws InputException if there is no such split
     */
    long[] labels(Split split);

    /**
     * What a person would call a sample: its path in the folder or archive, or its place in a file.
     *
     * @throws InputException if there is no such split
     * @throws IndexOutOfBoundsException if there is no such sample
     */
    String sampleName(Split split, long id);

    /** The size all images have by the nature of their format; empty where each may have its own. */
    Optional<ImageSize> nativeSize();

    /**
     * Begins reading a split from its start. The order is the source's own (an archive is read from front to back), the
     * same every time, and not shuffled; go by the ids.
     *
     * @param split which part
     * @param size what every image is scaled to, without regard to its proportions: pixel areas are averaged where it
     *     shrinks, interpolated where it grows
     * @param batchSize images in a batch; the last batch may be shorter
     * @throws InputException if there is no such split, or it can't be read
     */
    ImageStream read(Split split, ImageSize size, int batchSize);

    /**
     * Reads some samples into memory, such as the part that a small network is trained on.
     *
     * @param split which part
     * @param size as for {@link #read}
     * @param ids the samples, each at most once
     * @return one batch, in the order of {@code ids}, whose pixels are nobody else's
     * @throws InputException if there is no such split or sample, or it can't be read
     * @throws InvalidArgumentException if a sample is asked for twice, or the pixels pass 2 GB
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
                throw new InvalidArgumentException("sample " + ids[i] + " is asked for twice");
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
