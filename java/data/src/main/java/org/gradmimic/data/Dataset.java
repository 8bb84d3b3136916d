package org.gradmimic.data;

import java.util.List;

/** The data set that a spec describes: images, or precomputed features. */
public sealed interface Dataset permits ImageDataset, FeatureDataset {

    /** The spec that opens this data set again; see {@link Datasets#open}. */
    String spec();

    /** The names of the classes; a label is an index into this list. */
    List<String> classNames();

    /** What a person should know of how the data set is laid out, such as files that were skipped; a sentence each. */
    default List<String> layoutNotes() {
        return List.of();
    }
}
