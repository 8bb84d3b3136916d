package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.Set;
import org.gradmimic.base.InputException;
import org.gradmimic.io.run.RunFolder;
import org.gradmimic.io.run.RunRecord;
import picocli.CommandLine.Option;

/** What to do with a run that is already in the output folder; a picocli mix-in of the commands that can resume one. */
final class RunOptions {
    @Option(
            names = "--resume",
            order = 101,
            description = "Continue an interrupted run in --out after what it has finished; it must have had the same"
                    + " settings. If there is none, start one.")
    private boolean resume;

    @Option(
            names = "--overwrite",
            order = 102,
            description =
                    "Delete the run in --out, finished or not, and start a new one. A folder that contains anything"
                            + " else is rejected.")
    private boolean overwrite;

    boolean resume() {
        return resume;
    }

    /** Locks the folder and begins or resumes the run there; see {@link RunFolder#begin}. */
    RunFolder begin(Path folder, RunRecord record, Set<String> outputs) {
        record.environment("gradmimic", BuildInfo.version());
        return RunFolder.begin(folder, record, start(), outputs);
    }

    private RunFolder.Start start() {
        if (resume && overwrite) throw new InputException("--resume and --overwrite exclude each other");
        if (resume) return RunFolder.Start.RESUME;
        return overwrite ? RunFolder.Start.OVERWRITE : RunFolder.Start.NEW;
    }
}
