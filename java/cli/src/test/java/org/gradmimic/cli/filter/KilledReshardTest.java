package org.gradmimic.cli.filter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.gradmimic.cli.Main;
import org.gradmimic.cli.Run;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Resharding that is killed leaves whole shards alone, and ends, run again, as if nothing had happened. */
class KilledReshardTest {
    private static final int SHARDS = 24;
    private static final int PER_SHARD = 8;

    @TempDir
    Path folder;

    @Test
    void aKilledRunIsResumed() throws Exception {
        Path shards = Files.createDirectory(folder.resolve("shards"));
        StringBuilder kept = new StringBuilder();
        for (int shard = 0; shard < SHARDS; shard++) write(shards, shard, kept);
        Files.writeString(folder.resolve("kept.txt"), kept);
        assertThat(Run.main(reshard("whole")).code()).isZero();
        Map<String, byte[]> whole = content("whole");

        Path out = folder.resolve("killed");
        String[] command = reshard("killed");
        String[] java = new String[command.length + 1];
        java[0] = Main.class.getName();
        System.arraycopy(command, 0, java, 1, command.length);
        Process process = Run.java(java)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            while (process.isAlive() && !Files.exists(out.resolve("00002.tar.gz"))) Thread.sleep(1);
        } finally {
            process.destroyForcibly(); // SIGKILL
        }
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("killed, not finished").isEqualTo(137);

        Map<String, byte[]> left = content("killed");
        assertThat(left).hasSizeBetween(6, 2 * SHARDS - 2);
        left.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(whole.get(name)));
        Run again = Run.main(command);
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.err()).contains("shards were done before");
        Map<String, byte[]> all = content("killed");
        assertThat(all.keySet()).isEqualTo(whole.keySet());
        all.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(whole.get(name)));
    }

    private String[] reshard(String out) {
        return new String[] {
            "filter",
            "reshard",
            "--shards",
            folder + "/shards",
            "--keep",
            folder + "/kept.txt",
            "--out",
            folder + "/" + out
        };
    }

    /** What stands under a final name; hidden files are temporary ones. */
    private Map<String, byte[]> content(String name) throws IOException {
        Map<String, byte[]> content = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder.resolve(name))) {
            for (Path file : files.toList()) {
                String base = file.getFileName().toString();
                if (!base.startsWith(".")) content.put(base, Files.readAllBytes(file));
            }
        }
        return content;
    }

    /** Every other sample is kept; images are noise, which takes its time to compress. */
    private static void write(Path shards, int shard, StringBuilder kept) throws IOException {
        Random random = new Random(shard);
        try (OutputStream out = Files.newOutputStream(shards.resolve(String.format("%05d.tar.gz", shard)));
                TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(out))) {
            for (int i = 0; i < PER_SHARD; i++) {
                String key = String.format("%09d", shard * PER_SHARD + i);
                String uid = String.format("%016x%016x", random.nextLong(), random.nextLong());
                if (i % 2 == 0) kept.append(uid).append('\n');
                byte[] image = new byte[100_000];
                random.nextBytes(image);
                add(tar, key + ".jpg", image);
                add(tar, key + ".json", ("{\"uid\": \"" + uid + "\"}").getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static void add(TarArchiveOutputStream tar, String name, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }
}
