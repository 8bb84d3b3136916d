package org.gradmimic.data;

import java.io.IOException;
import org.gradmimic.base.InputException;

/** What the data sets have in common. */
final class Splits {
    private Splits() {}

    interface CursorOpener {
        SampleCursor open() throws IOException;
    }

    /** The size of a split, or the exception that says that there is none. */
    static int require(ImageDataset dataset, Split split, int size) {
        if (size == 0) {
            throw new InputException("data set '" + dataset.spec() + "': has no " + split + " split");
        }
        return size;
    }

    /** Opens a stream; arguments are checked before the files are opened. */
    static ImageStream stream(String source, ImageSize size, int batchSize, CursorOpener opener) {
        ImageStream.bufferBytes(size, batchSize);
        try {
            return new ImageStream(source, opener.open(), size, batchSize);
        } catch (IOException e) {
            throw InputException.in(source, "cannot be read: " + e.getMessage(), e);
        }
    }
}
