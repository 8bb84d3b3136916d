package org.gradmimic.data;

import java.io.IOException;
import org.gradmimic.base.InputException;

/** What the data sets have in common. */
final class Splits {
    private Splits() {}

    interface CursorOpener {
        SampleCursor open() throws IOException;
    }

    /** The size of a split; throws if there is no such split. */
    static int require(ImageDataset dataset, Split split, int size) {
        if (size == 0) {
            throw new InputException("data set '" + dataset.spec() + "': has no " + split + " split");
        }
        return size;
    }

    /** Opens a stream. Arguments are checked before files are opened. */
    static ImageStream stream(String source, ImageFit fit, int batchSize, CursorOpener opener) {
        ImageStream.bufferBytes(fit.size(), batchSize);
        try {
            return new ImageStream(source, opener.open(), fit, batchSize);
        } catch (IOException e) {
            throw InputException.in(source, "cannot be read: " + e.getMessage(), e);
        }
    }
}
