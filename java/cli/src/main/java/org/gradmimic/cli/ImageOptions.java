package org.gradmimic.cli;

import java.util.ArrayList;
import java.util.List;
import org.gradmimic.base.InputException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageWarnings;
import picocli.CommandLine.Option;

/** What the commands that decode images have in common, as a picocli mix-in. */
final class ImageOptions {
    @Option(
            names = "--max-pixels",
            paramLabel = "N",
            defaultValue = "" + Datasets.MAX_PIXELS,
            description = "Reject an image file of --data with more pixels than this, before it is decoded (default:"
                    + " ${DEFAULT-VALUE}).")
    private long maxPixels;

    private final List<ImageDataset> opened = new ArrayList<>();

    /**
     * Opens images. Of a folder or an archive, tells the user the classes and what was skipped.
     *
     * @throws InputException if the data set cannot be opened or the limit is not positive
     */
    ImageDataset open(String data, CommonOptions common) {
        check();
        ImageDataset dataset = Datasets.openImages(data, maxPixels);
        opened.add(dataset);
        if (data.startsWith("images:")) ClassCounts.lines(dataset).forEach(common::note);
        dataset.layoutNotes().forEach(note -> common.note(data + ": " + note));
        return dataset;
    }

    /** @throws InputException if the limit is not positive */
    void check() {
        if (maxPixels < 1) throw new InputException("--max-pixels is " + maxPixels + "; it must be positive");
    }

    /** The largest number of pixels of an image. */
    long maxPixels() {
        return maxPixels;
    }

    /** Tells the user what decoders said of the images that were read. */
    void noteWarnings(CommonOptions common) {
        opened.forEach(dataset -> noteWarnings(dataset.warnings(), common));
    }

    /** Tells the user what decoders said of images. */
    static void noteWarnings(ImageWarnings warnings, CommonOptions common) {
        if (warnings.images() == 0) return;
        common.note(warnings.images() + (warnings.images() == 1 ? " image was" : " images were")
                + " decoded with a warning:");
        warnings.first().forEach(warning -> common.note("  " + warning));
        long more = warnings.images() - warnings.first().size();
        if (more > 0) common.note("  and " + more + " more");
    }
}
