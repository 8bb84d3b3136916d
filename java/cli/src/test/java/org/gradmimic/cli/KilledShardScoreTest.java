package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.gradmimic.score.Pairs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Scoring of shards that is killed goes on with the shards that are missing, to the same last row. */
class KilledShardScoreTest {
    private static final int SHARDS = 20;

    @TempDir
    Path folder;

    @Test
    @Timeout(120)
    void goesOnAfterKill() throws Exception {
        Pairs.model(folder, "model", "reference");
        Pairs.shards(folder.resolve("shards"), SHARDS, 40);
        Run whole = Run.main(arguments("whole"));
        assertThat(whole.code()).as(whole.err()).isZero();

        List<String> java = new ArrayList<>(List.of(Main.class.getName()));
        java.addAll(List.of(arguments("killed")));
        Process process = Run.java(java.toArray(String[]::new))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Path parts = folder.resolve(".killed.parquet.parts");
        try {
            while (process.isAlive() && !Files.exists(parts.resolve("shard-00000003.json"))) Thread.sleep(1);
        } finally {
            process.destroyForcibly(); // SIGKILL
        }
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("killed, not finished").isEqualTo(137);
        assertThat(folder.resolve("killed.parquet")).doesNotExist();

        Run again = Run.main(arguments("killed"));
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.err()).contains(" of " + SHARDS + " shards were done before");
        List<List<Object>> rows = rows("killed");
        assertThat(rows).hasSize(SHARDS * 40).isEqualTo(rows("whole"));
    }

    private List<List<Object>> rows(String name) {
        return ParquetRows.of("SELECT * FROM '" + folder.resolve(name + ".parquet") + "'");
    }

    private String[] arguments(String out) {
        String line = "score model --model clip --model-config @c.json --weights @model.safetensors --reference"
                + " @reference.safetensors --mimic-layer text_projection --vocabulary @bpe.txt --batch-size 8 --threads 1"
                + " --data webdataset:@shards --out @" + out + ".parquet";
        return line.replace("@", folder + "/").split(" ");
    }
}
