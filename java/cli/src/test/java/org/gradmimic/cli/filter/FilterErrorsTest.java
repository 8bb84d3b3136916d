package org.gradmimic.cli.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.gradmimic.cli.Run;
import org.gradmimic.cli.SmallDisk;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.uid.Uids;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the subcommands of {@code gradmimic filter} refuse: one line that names the culprit, exit code 2, nothing written. */
class FilterErrorsTest {
    @TempDir
    Path folder;

    @BeforeEach
    void make() throws IOException {
        NpyWriter.write(folder.resolve("a.npy"), new boolean[8], 8);
        NpyWriter.write(folder.resolve("short.npy"), new boolean[7], 7);
        NpyWriter.write(folder.resolve("scores.npy"), new float[8], 8);
        NpyWriter.write(folder.resolve("infinite.npy"), new float[] {0, 1 / 0f}, 2);
        Files.writeString(folder.resolve("uids.txt"), "0".repeat(32) + "\n");
        Files.writeString(folder.resolve("numbers.txt"), "1\n");
        Files.writeString(folder.resolve("broken.parquet"), "PAR1");
        Files.createDirectory(folder.resolve("empty"));
        new ParquetColumns().texts("uid", new String[] {"0".repeat(32)}).write(folder.resolve("pool.parquet"));
    }

    private Run refused(String command, String line) throws IOException {
        List<Path> before = content();
        List<String> arguments = new ArrayList<>(List.of("filter"));
        for (String part : line.split(" (?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)")) {
            arguments.add(part.replace("@", folder + "/").replace("\"", ""));
        }
        arguments.add(1, command);
        arguments.add("--quiet");
        Run run = Run.main(arguments.toArray(String[]::new));
        assertThat(run.err().lines().filter(text -> !text.startsWith("See gradmimic filter")))
                .as("one line: %s", run.err())
                .hasSize(1);
        assertThat(run.err()).startsWith("gradmimic filter " + command + ": ");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(content()).isEqualTo(before);
        return run;
    }

    private List<Path> content() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "\"a & \" --filter a=@a.npy --out @o.npy; column 5: found the end, expected a filter's name",
                "\"a & b\" --filter a=@a.npy --out @o.npy; there is no filter b; --filter gives a",
                "a --filter @a.npy --out @o.npy; expected NAME=FILE",
                "a --filter 1a=@a.npy --out @o.npy; expected NAME=FILE",
                "a --filter a= --out @o.npy; expected NAME=FILE",
                "a --filter a=@a.npy --filter a=@a.npy --out @o.npy; --filter a is given twice",
                "a --filter a=@gone.npy --out @o.npy; gone.npy: no such file",
                "a --filter a=@scores.npy --out @o.npy; scores.npy: has dtype f4; expected booleans",
                "a --filter a=@broken.parquet --out @o.npy; broken.parquet is truncated, corrupt or not a Parquet file",
                "a --filter a=@a.csv --out @o.npy; expected a filter's name to end in .npy, .parquet or .txt",
                "a --filter a=@a.npy --out @o.csv; o.csv lists samples by name: give their names with --names, a samples.parquet",
                "a --filter a=@a.npy --out @o.json; expected a filter's name to end in .npy, .parquet or .txt",
                "a --filter a=@a.npy --out @no/o.npy; no folder",
                "a --filter a=@a.npy --out @a.npy; a.npy is also an input",
                "a|b --filter a=@a.npy --filter b=@short.npy --out @o.npy; short.npy: is over 7 samples, expected 8",
                "a|b --filter a=@a.npy --filter b=@uids.txt --out @o.npy; by number; the pool's uids bring them together: --uids",
                "!a --filter a=@uids.txt --out @o.npy; the pool's uids say which those are: --uids",
                "a --filter a=@uids.txt --by-number --out @o.npy; --by-number needs the pool's uids",
                "a --filter a=@numbers.txt --out @o.npy; the number of all samples is needed: --samples",
                "a --filter a=@numbers.txt --samples 1 --out @o.npy; line 1 is '1', expected a sample number from 0 to 0",
                "a --filter a=@numbers.txt --samples -1 --out @o.npy; --samples must be 0 or more",
                "a --filter a=@a.npy --uids @pool.parquet --out @o.npy; a.npy: is over 8 samples, expected 1",
                "a --filter a=@uids.txt --uids @empty --out @o.npy; empty: no .parquet file in this folder",
                "a --filter a=@uids.txt --uids @pool.parquet --samples 2 --out @o.npy; there are 1 uids for 2 samples",
                "a --filter a=@scores.npy:middle=1 --out @o.npy; unknown rule middle; the rules are top, bottom",
                "a --filter a=@scores.npy:top=1.5 --out @o.npy; top is '1.5', expected a share from 0 to 1",
                "a --filter a=@scores.npy:top-k=0.5 --out @o.npy; top-k is '0.5', expected a number of samples",
                "a --filter a=@scores.npy:threshold=x --out @o.npy; threshold is 'x', expected a number",
                "a --filter a=@a.npy:top=0.5 --out @o.npy; a.npy: has dtype b1; expected scores",
                "a --filter a=@infinite.npy:top=0.5 --out @o.npy; infinite.npy: sample 1: the value is Infinity"
            })
    void combine(String line, String message) throws IOException {
        assertThat(refused("combine", line).err()).contains(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "compare; @a.npy; Missing required parameter",
                "compare; @a.npy @short.npy; short.npy: is over 7 samples, expected 8",
                "quality; @a.npy=1.5; the noise is 1.5, expected 0 to 1",
                "quality; @a.npy=@short.npy; short.npy: is over 7 samples, expected 8",
                "quality; @uids.txt=0.5; uids.txt: is a list of uids",
                "membership; --scores @scores.npy --members @short.npy; short.npy: is over 7 samples, expected 8",
                "membership; --scores @scores.npy --members @a.npy --share 2; --share is 2.0, expected 0 to 1",
                "membership; --scores @a.npy --members @a.npy; a.npy: has dtype b1; expected scores",
                "datacomp; @gone --baseline basic --out @o.npy; gone: no such file",
                "datacomp; @pool.parquet --baseline basic --out @o.npy; pool.parquet: no column text (text)",
                "datacomp; @pool.parquet --baseline laion --out @o.npy; 'laion' is not one of no-filter, basic, clip-score",
                "datacomp; @pool.parquet --baseline clip-score --out @o.npy; needs either --fraction or --threshold",
                "datacomp; @pool.parquet --baseline basic --arch b32 --out @o.npy; belong to --baseline clip-score",
                "datacomp; @pool.parquet --baseline clip-score --fraction 1 --out @o.npy; fraction 1.0: expected 0 or more",
                "datacomp; @pool.parquet --baseline no-filter --out @pool.parquet; pool.parquet is also an input",
                "datacomp; @empty --baseline no-filter --out @empty/o.parquet; would become part of the input",
                "reshard; --shards @gone --keep @uids.txt --out @shards; gone: no such file or folder",
                "reshard; --shards @a.npy --keep @uids.txt --out @shards; to end in .tar, .tar.gz or .tgz",
                "reshard; --shards @empty --keep @uids.txt --out @shards; empty: no shard in this folder",
                "reshard; --shards @empty --keep @a.npy --out @shards; a.npy: has dtype b1; expected uids"
            })
    void theOthers(String command, String line, String message) throws IOException {
        assertThat(refused(command, line).err()).contains(message);
    }

    @Test
    void withoutASubcommandTheyAreListed() {
        Run run = Run.main("filter");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("combine", "compare", "quality", "membership", "datacomp", "reshard");
    }

    @ParameterizedTest
    @ValueSource(strings = {".npy", ".parquet", ".txt"})
    void aFullDiskLeavesWhatWasThere(String ending) throws Exception {
        int samples = 200_000;
        String[] uids = new String[samples];
        Random random = new Random(1);
        for (int i = 0; i < samples; i++) uids[i] = String.format("%016x%016x", random.nextLong(), random.nextLong());
        Path pool = folder.resolve("big.parquet");
        new ParquetColumns().texts("uid", uids).write(pool);
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"))) {
            assumeTrue(disk.isMounted(), "a 1 MB tmpfs cannot be mounted here (not root, or no mount capability)");
            Path out = disk.path().resolve("subset" + ending);
            FilterFile.write(out, Filter.all(1), Uids.open(folder.resolve("uids.txt")));
            byte[] before = Files.readAllBytes(out);
            Run run = Run.main(
                    "filter", "datacomp", pool.toString(), "--baseline", "no-filter", "--out", out.toString(), "-q");
            assertThat(run.err())
                    .isEqualToIgnoringNewLines(
                            "gradmimic filter datacomp: cannot write " + out + ": No space left on device");
            assertThat(run.code()).isEqualTo(2);
            assertThat(out).hasBinaryContent(before);
            try (Stream<Path> files = Files.list(disk.path())) {
                assertThat(files).containsExactly(out);
            }
        }
    }

    @Test
    void uidsThatAreInNoShardAreCounted() throws Exception {
        Path shards = Files.createDirectory(folder.resolve("shards"));
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(shards.resolve("0.tar")))) {
            add(tar, "0.json", ("{\"uid\": \"" + "0".repeat(32) + "\"}").getBytes());
        }
        Path keep = folder.resolve("keep.txt");
        Files.writeString(keep, "0".repeat(32) + "\n" + "1".repeat(32) + "\n" + "2".repeat(32) + "\n");
        String[] command = {
            "filter", "reshard", "--shards", shards.toString(), "--keep", keep.toString(), "--out", folder + "/out"
        };
        Run run = Run.main(command);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("of the uids in " + keep + ", 2 were found in no shard");
        assertThat(run.out()).contains("1 of 1 samples kept, 1 shard");
        assertThat(Run.main(command).err()).contains("at least 2 were found in no shard");
    }

    @Test
    void aFullDiskEndsReshardingAndKeepsTheShardsThatAreDone() throws Exception {
        Path shards = Files.createDirectory(folder.resolve("shards"));
        Random random = new Random(2);
        for (int shard = 0; shard < 5; shard++) {
            try (TarArchiveOutputStream tar =
                    new TarArchiveOutputStream(Files.newOutputStream(shards.resolve(shard + ".tar")))) {
                byte[] image = new byte[300_000];
                random.nextBytes(image);
                add(tar, shard + ".jpg", image);
                add(tar, shard + ".json", ("{\"uid\": \"" + "0".repeat(32) + "\"}").getBytes());
            }
        }
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"))) {
            assumeTrue(disk.isMounted(), "a 1 MB tmpfs cannot be mounted here (not root, or no mount capability)");
            String[] command = {
                "filter",
                "reshard",
                "--shards",
                shards.toString(),
                "--keep",
                folder + "/uids.txt",
                "--out",
                disk.path() + "/out",
                "-q"
            };
            Run run = Run.main(command);
            assertThat(run.err()).contains("cannot write", "No space left on device");
            assertThat(run.err().lines()).hasSize(1);
            assertThat(run.code()).isEqualTo(2);
            try (Stream<Path> files = Files.list(disk.path().resolve("out"))) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .as("whole shards alone")
                        .contains("0.tar", "0_stats.json", "1.tar", "1_stats.json")
                        .doesNotContain("3.tar", "4.tar")
                        .noneMatch(name -> name.startsWith(".") && !name.equals(".lock"));
            }
            // With room made, the same command continues with the others.
            Files.delete(disk.path().resolve("out/0.tar"));
            Files.delete(disk.path().resolve("out/1.tar"));
            Files.delete(shards.resolve("0.tar"));
            Files.delete(shards.resolve("1.tar"));
            Files.delete(shards.resolve("4.tar"));
            run = Run.main(command);
            assertThat(run.code()).as(run.err()).isZero();
            assertThat(run.out()).contains("2 of 2 samples kept, 2 shards");
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
