package org.gradmimic.cli.filter;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Progress;
import org.gradmimic.io.InputFiles;
import org.gradmimic.select.score.LogScores;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.Scores;
import org.gradmimic.train.ProbeRecorder;

/** The input that {@code --scores} names: a {@code .npy} file, a score log, or the folder of a run that has one. */
record ScoreInput(Path path, boolean isLog) {

    /**
     * Determines the kind of a path.
     *
     * @throws InputException if there is nothing at the path
     */
    static ScoreInput of(Path path) {
        if (!Files.exists(InputFiles.onDisk(path))) throw InputException.in(path, "no such file or folder");
        if (Files.isDirectory(path)) {
            Path log = path.resolve(ProbeRecorder.LOG);
            return new ScoreInput(Files.isDirectory(log) ? log : path, true);
        }
        boolean array = path.toString().endsWith(".npy") || InputFiles.isArchive(InputFiles.onDisk(path));
        return new ScoreInput(path, !array);
    }

    /**
     * Opens the input. A log is read once, into a temporary file.
     *
     * @param column the column of a log to read
     * @param samples N, if it is known
     * @throws InputException if it is damaged, or has another number of samples
     */
    Scores open(CommonOptions common, ScoreColumn column, OptionalLong samples) {
        if (!isLog) {
            Scores scores = Scores.npy(path);
            if (samples.isPresent() && samples.getAsLong() != scores.samples()) {
                long found = scores.samples();
                scores.close();
                throw InputException.in(path, "has " + found + " samples, expected " + samples.getAsLong());
            }
            if (scores.epochs() > scores.samples()) {
                common.note(path + ": is interpreted as " + scores.epochs() + " epochs of " + scores.samples()
                        + " samples, [E,N]; is it [N,E]? Then transpose it (in NumPy: a.T)");
            }
            return scores;
        }
        boolean growing = ScoreLog.isBeingWritten(path);
        common.noteOtherFiles(path);
        ScoreLog log = ScoreLog.open(path);
        if (growing) {
            common.note(path + " is still being written: using the part that exists, " + log.rows() + " rows of "
                    + log.epochs() + " epochs");
        }
        if (samples.isEmpty()) {
            common.note(path + ": the highest sample seen is " + (log.samples() - 1)
                    + ", so the number of samples is assumed to be " + log.samples()
                    + "; --samples sets another number");
        }
        try (Progress progress = common.progress("reading the log", "rows", log.rows())) {
            return LogScores.read(log, column, samples.orElse(log.samples()), common.threads(), progress::step);
        }
    }
}
