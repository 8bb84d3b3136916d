package org.gradmimic.data;

import java.util.List;

/** What a data set's spec stands for: images, or features that were computed before. */
public sealed interface Dataset permits ImageDataset, FeatureDataset {

    /** The spec that opens this data set again, see {@link Datasets#open}. */
    String spec();

    /** The classes' names; a label is an index into this list. */
    List<String> classNames();
}
