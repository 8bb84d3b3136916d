package org.gradmimic.cli.data;

import java.nio.file.Path;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.Split;
import org.gradmimic.io.run.FolderLock;
import org.gradmimic.io.run.RunFolder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that makes one data set from another; a picocli mix-in. */
final class DataOptions {
    @Option(
            names = "--data",
            required = true,
            paramLabel = "SPEC",
            description = "Images or features with labels: " + Datasets.SYNTAX + ".")
    private String data;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            description = "Of images: ${COMPLETION-CANDIDATES} (default: the first there is).")
    private @Nullable Split split;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Output folder; new or empty.")
    private Path out;

    String spec() {
        return data;
    }

    /** Opens the data set. */
    LabelledData open() {
        return LabelledData.open(data, split);
    }

    Path out() {
        return out;
    }

    /** Takes the output folder. */
    FolderLock lock() {
        return RunFolder.lockEmpty(out);
    }
}
