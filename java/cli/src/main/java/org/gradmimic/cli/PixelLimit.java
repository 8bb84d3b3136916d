package org.gradmimic.cli;

import org.gradmimic.base.InputException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import picocli.CommandLine.Option;

/** {@code --max-pixels}, as a picocli mix-in of the commands that read images. */
final class PixelLimit {
    @Option(
            names = "--max-pixels",
            paramLabel = "N",
            defaultValue = "" + Datasets.MAX_PIXELS,
            description = "Reject an image file of --data with more pixels than this, before it is decoded (default:"
                    + " ${DEFAULT-VALUE}).")
    private long maxPixels;

    /** @throws InputException if the data set cannot be opened or the limit is not positive */
    ImageDataset open(String data) {
        if (maxPixels < 1) throw new InputException("--max-pixels is " + maxPixels + "; it must be positive");
        return Datasets.openImages(data, maxPixels);
    }
}
