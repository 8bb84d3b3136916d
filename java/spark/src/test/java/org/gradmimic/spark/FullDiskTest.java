package org.gradmimic.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.vote.Binarizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that fills while a filter is written: a tmpfs of 1 MB, which only root may mount. */
class FullDiskTest {

    @TempDir
    Path disk;

    @TempDir
    Path temporary;

    private boolean mounted;

    @BeforeEach
    void mount() throws Exception {
        mounted = run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.toString());
        assumeTrue(mounted, "a 1 MB tmpfs cannot be mounted here (not root, or no mount capability)");
    }

    @AfterEach
    void unmount() throws Exception {
        if (mounted) {
            // Lazily: Spark's writer leaves the file open that it could not write.
            assertThat(run("umount", "-l", disk.toString())).as("unmounted").isTrue();
        }
    }

    @Test
    void aTableThatDoesNotFitIsNamed() throws Exception {
        Path log = RandomLog.write(temporary.resolve("scores"), new Random(1), 1, 100, 3);
        Path filler = Files.write(disk.resolve("filler"), new byte[1 << 20]);
        Path out = disk.resolve("keep.parquet");
        FilterOptions options = new FilterOptions(
                        log.toString(), ScoreColumn.SCORE, FilterSpec.of(Binarizer.kMeans(), VoteAggregation.MAJORITY))
                .out(out.toString());
        assertThatThrownBy(() -> SparkFilter.run(Cluster.session(), options))
                .isInstanceOf(InputException.class)
                .hasMessage("cannot write " + out + ": No space left on device");
        try (Stream<Path> files = Files.list(disk)) {
            assertThat(files).containsExactly(filler);
        }
    }

    @Test
    void aFullDiskIsNamedAndNothingIsLostOrLeftBehind() throws Exception {
        Path log = RandomLog.write(temporary.resolve("scores"), new Random(1), 2, 100, 3);
        Path out = disk.resolve("keep.npy");
        Files.writeString(out, "old");
        // Pieces of 0.4 MB and the whole, 1.2 MB: some of them fit.
        FilterOptions options = new FilterOptions(
                        log.toString(), ScoreColumn.SCORE, FilterSpec.of(Binarizer.kMeans(), VoteAggregation.MAJORITY))
                .samples(1_200_000)
                .out(out.toString());
        options.cellsPerBlock = 800_000;
        assertThatThrownBy(() -> SparkFilter.run(Cluster.session(), options))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("cannot write")
                .hasMessageContaining(disk.toString())
                .hasMessageContaining("No space left on device");
        try (Stream<Path> files = Files.list(disk)) {
            assertThat(files).containsExactly(out);
        }
        assertThat(out).hasContent("old");
    }

    private static boolean run(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // no such program
        }
    }
}
