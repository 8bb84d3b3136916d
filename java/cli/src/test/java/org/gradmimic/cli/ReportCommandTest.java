package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.io.npy.NpyWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {
    @TempDir
    private Path folder;

    private Path run;
    private Path page;

    @BeforeEach
    void writeRun() throws Exception {
        run = Files.createDirectory(folder.resolve("run"));
        page = folder.resolve("report.html");
        NpyWriter.write(run.resolve("keep.npy"), new boolean[] {true, true, false, true}, 4);
        NpyWriter.write(run.resolve("scores.npy"), new float[] {0.5f, 0.25f, -1, 0.125f}, 1, 4);
    }

    @Test
    void aPageIsWrittenAndSummarised() throws Exception {
        Run report = Run.main("report", run.toString(), "--out", page.toString());
        assertThat(report.err()).isEmpty();
        assertThat(report.code()).isZero();
        assertThat(report.out())
                .contains("The filter keep.npy keeps 3 of 4 samples", page + ": ", " MB, 4 samples, 0 images");
        assertThat(Files.readString(page)).startsWith("<!DOCTYPE html>").contains("default-src 'none'");
    }

    @Test
    void errorsNameTheArgument() {
        for (String[] wrong : new String[][] {
            {"--out", folder.resolve("report.txt").toString(), "report.txt: expected a name that ends in .html"},
            {"--thumbnails", "-1", "--thumbnails is -1"},
            {"--images", folder.resolve("none").toString(), "none: no such folder or archive of images"},
            {"--truth", folder.resolve("none.npy").toString(), "none.npy"},
        }) {
            Run report = wrong[0].equals("--out")
                    ? Run.main("report", run.toString(), wrong[0], wrong[1])
                    : Run.main("report", run.toString(), "--out", page.toString(), wrong[0], wrong[1]);
            assertThat(report.code()).as(wrong[0]).isEqualTo(2);
            assertThat(report.err()).contains(wrong[2]);
        }
        Run none = Run.main("report", folder.resolve("nowhere").toString(), "--out", page.toString());
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("nowhere: no such folder; expected the folder of a run");
        assertThat(page).doesNotExist();
    }
}
