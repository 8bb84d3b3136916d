package org.gradmimic.data;

import java.io.IOException;
import org.bytedeco.opencv.opencv_core.Mat;

/** The samples of a split in any order. Several threads may read at once, each with a decoder of its own. */
interface SampleAccess extends AutoCloseable {
    /** A data set that has a way of its own to read samples in any order. */
    interface Provider {
        /** Opens a split that exists. */
        SampleAccess access(Split split) throws IOException;
    }

    /** A decoder as the data set wants it, for one thread. */
    ImageDecoder decoder();

    /**
     * Reads a sample.
     *
     * @return 8-bit RGB in the image's own size, valid until the decoder's next image
     * @throws org.gradmimic.base.InputException if the image is damaged
     */
    Mat read(int id, ImageDecoder decoder) throws IOException;

    @Override
    void close() throws IOException;

    /**
     * Opens a split of any data set. If it has no way of its own, its pixels are read into memory.
     *
     * @throws org.gradmimic.base.InputException if there is no such split, or it cannot be read
     */
    static SampleAccess of(ImageDataset dataset, Split split) throws IOException {
        dataset.size(split);
        if (dataset instanceof Provider provider) return provider.access(split);
        return StoredPixels.of(dataset, split);
    }
}
