package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Errors that are the same for several commands, word by word. */
@Timeout(120)
class MessagesTest {
    @TempDir
    Path folder;

    @Test
    void aFolderThatCannotBeCreatedHasAReason() throws Exception {
        Path out = Files.writeString(folder.resolve("file"), "text").resolve("run");
        String reason = "cannot create the folder " + out + ": Not a directory";
        new Problem(folder, 1, 20, 4, 3)
                .probe("mimic")
                .with("out", out)
                .run("probe")
                .assertRefused("probe", reason);
        Run.main("demo", "--quiet", "--data", "drawn:classes=2,train=20,test=4", "--out", out.toString())
                .assertRefused("demo", reason);
        Path shards = Files.createDirectory(folder.resolve("shards"));
        Files.write(shards.resolve("0.tar"), new byte[1024]);
        Path keep = Files.writeString(folder.resolve("keep.txt"), "");
        Run.main(
                        "filter",
                        "reshard",
                        "--quiet",
                        "--shards",
                        shards.toString(),
                        "--keep",
                        keep.toString(),
                        "--out",
                        out.toString())
                .assertRefused("filter reshard", reason);
    }

    @Test
    void aFullFolderOfTemporaryFilesIsNoReasonToBuild() throws Exception {
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"))) {
            assumeTrue(disk.isMounted(), "only root may mount a small disk");
            Run run = Run.process(Run.java("-Djava.io.tmpdir=" + disk.path(), Main.class.getName(), "doctor"));
            assertThat(run.code()).as(run.out() + run.err()).isEqualTo(1);
            assertThat(run.out())
                    .containsPattern("problem +DuckDB +.*No space left on device")
                    .contains("make room in " + disk.path())
                    .doesNotContain("run ./gradmimic build again");
        }
    }
}
