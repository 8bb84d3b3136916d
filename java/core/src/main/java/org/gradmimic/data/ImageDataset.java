package org.gradmimic.data;

import java.util.List;
import java.util.Optional;
import org.gradmimic.select.InputException;

/**
 * Labelled pictures that are decoded as they are read. A sample's id is its position in its split, 0 to size − 1, the
 * same every time and wherever the pictures lie. Opened with {@link Datasets#openImages}.
 */
public sealed interface ImageDataset extends Dataset permits PictureDataset, CifarDataset, IdxDataset, DrawnDataset {

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

    /** The size all pictures have by the nature of their format; empty where each may have its own. */
    Optional<ImageSize> nativeSize();

    /**
     * Begins reading a split from its start. The order is the source's own (an archive is read from front to back), the
     * same every time, and not shuffled; go by the ids.
     *
     * @param split which part
     * @param size what every picture is scaled to, without regard to its proportions: pixel areas are averaged where it
     *     shrinks, interpolated where it grows
     * @param batchSize pictures in a batch; the last batch may be shorter
     * @throws InputException if there is no such split, or it can't be read
     */
    ImageStream read(Split split, ImageSize size, int batchSize);
}
