package org.gradmimic.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyStream;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.Selector;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.uid.Uid;
import org.gradmimic.select.uid.Uids;
import org.gradmimic.select.vote.Binarizer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files are compared, byte for byte, with those that select writes of the same filter. */
class FilterOutputsTest {

    private static final int SAMPLES = 900;

    @TempDir
    Path temporary;

    private final Random random = new Random(11);
    private Path log;
    private long[] high;
    private long[] low;

    @BeforeEach
    void log() {
        log = RandomLog.write(temporary.resolve("scores"), random, 3, SAMPLES, 2);
        high = random.longs(SAMPLES).toArray(); // signed and not, sorted as unsigned
        low = random.longs(SAMPLES).toArray();
        for (int i = 0; i < 50; i++) {
            int to = random.nextInt(SAMPLES);
            int from = random.nextInt(SAMPLES);
            high[to] = high[from]; // equal first halves, and duplicates
            low[to] = i % 2 == 0 ? low[from] : low[to];
        }
    }

    @Test
    void filesByNumber() throws Exception {
        Path mask = temporary.resolve("keep.npy");
        Path numbers = temporary.resolve("keep.txt");
        Path table = temporary.resolve("keep.parquet");
        SparkFilter.run(
                Cluster.session(),
                options().out(mask.toString()).out(numbers.toString()).out(table.toString()));

        Filter filter = FilterFile.read(mask);
        assertThat(filter.kept()).isBetween(1L, SAMPLES - 1L);
        assertThat(mask).hasSameBinaryContentAs(written("expected.npy", filter));
        assertThat(numbers).hasSameBinaryContentAs(written("expected.txt", filter));
        List<Row> rows = Cluster.session()
                .read()
                .parquet(table.toString())
                .orderBy("sample_id")
                .collectAsList();
        assertThat(rows).hasSize(SAMPLES);
        for (int i = 0; i < SAMPLES; i++) {
            assertThat(rows.get(i).getLong(0)).isEqualTo(i);
            assertThat(rows.get(i).getBoolean(1)).as("sample %d", i).isEqualTo(filter.keeps(i));
        }
        assertThat(FilterFile.read(table)).isEqualTo(filter);
        assertThat(hidden()).isEmpty();
    }

    @Test
    void filesByUid() throws Exception {
        Path pool = npyPool();
        Path subset = temporary.resolve("subset.npy");
        Path lines = temporary.resolve("subset.txt");
        Path table = temporary.resolve("subset.parquet");
        Path mask = temporary.resolve("keep.npy");
        SparkFilter.run(Cluster.session(), options().out(mask.toString()));
        SparkFilter.run(
                Cluster.session(),
                options()
                        .uids(pool.toString())
                        .out(subset.toString())
                        .out(lines.toString())
                        .out(table.toString()));

        Filter filter = FilterFile.read(mask);
        Uids uids = Uids.open(pool);
        assertThat(subset).hasSameBinaryContentAs(written("expected.npy", filter, uids));
        assertThat(lines).hasSameBinaryContentAs(written("expected.txt", filter, uids));
        List<Row> rows = Cluster.session()
                .read()
                .parquet(table.toString())
                .orderBy("sample_id")
                .collectAsList();
        assertThat(rows).hasSize(SAMPLES);
        for (int i = 0; i < SAMPLES; i++) {
            assertThat(rows.get(i).getString(1)).isEqualTo(Uid.format(high[i], low[i]));
            assertThat(rows.get(i).getBoolean(2)).as("sample %d", i).isEqualTo(filter.keeps(i));
        }
        assertThat(FilterFile.readUids(table).fingerprint())
                .isEqualTo(FilterFile.readUids(subset).fingerprint());
    }

    @Test
    void aParquetPoolIsReadInTheOrderOfItsFiles() throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("metadata"));
        int[] ends = {0, 1, 300, 300, SAMPLES};
        for (int f = 1; f < ends.length; f++) {
            String[] texts = new String[ends[f] - ends[f - 1]];
            for (int i = 0; i < texts.length; i++) {
                texts[i] = Uid.format(high[ends[f - 1] + i], low[ends[f - 1] + i]);
            }
            new ParquetColumns()
                    .texts("uid", texts)
                    .longs("other", new long[texts.length])
                    .write(folder.resolve("pool-" + f + ".parquet"));
        }
        Path fromParquet = temporary.resolve("a.npy");
        Path fromNpy = temporary.resolve("b.npy");
        SparkFilter.run(Cluster.session(), options().uids(folder.toString()).out(fromParquet.toString()));
        SparkFilter.run(Cluster.session(), options().uids(npyPool().toString()).out(fromNpy.toString()));
        assertThat(fromParquet).hasSameBinaryContentAs(fromNpy);

        // As bytes, in folders below one that Spark has marked.
        Path bytes = temporary.resolve("bytes");
        Files.createDirectories(bytes.resolve("part=1"));
        Files.createFile(bytes.resolve("_SUCCESS"));
        Sql.copy(
                "SELECT unhex(uid) AS uid FROM read_parquet('" + folder + "/*.parquet')",
                bytes.resolve("part=1/pool.parquet"));
        Path fromBytes = temporary.resolve("d.npy");
        SparkFilter.run(Cluster.session(), options().uids(bytes.toString()).out(fromBytes.toString()));
        assertThat(fromBytes).hasSameBinaryContentAs(fromNpy);
        Files.delete(bytes.resolve("_SUCCESS"));
        refused(options().uids(bytes.toString()), "there are .parquet files in folders below it");

        Sql.copy("SELECT 'no uid' AS uid FROM range(5)", folder.resolve("pool-9.parquet"));
        Path out = temporary.resolve("c.npy");
        FilterOptions wrong =
                options().samples(SAMPLES + 5).uids(folder.toString()).out(out.toString());
        assertThatThrownBy(() -> SparkFilter.run(Cluster.session(), wrong))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("pool-9.parquet: row 0: uid is 'no uid'");
        assertThat(out).doesNotExist();
    }

    @Test
    void aPoolOfAnotherSizeIsRefused() {
        Path out = temporary.resolve("keep.npy");
        FilterOptions options =
                options().samples(SAMPLES + 1).uids(npyPool().toString()).out(out.toString());
        assertThatThrownBy(() -> SparkFilter.run(Cluster.session(), options))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("over " + (SAMPLES + 1) + " samples, but there are " + SAMPLES + " uids");
    }

    @Test
    void unwritableOutputsAreRefusedBeforeAnyWork() throws Exception {
        Path table = Files.createDirectory(temporary.resolve("old.parquet"));
        Path folder = Files.createDirectory(temporary.resolve("folder.npy"));
        refused("keep.csv", "expected a filter's name to end in");
        refused("nowhere/keep.npy", "there is no folder");
        refused(table.getFileName().toString(), "already exists");
        refused(folder.getFileName().toString(), "it is a folder");
    }

    @Test
    void aMaskIsReplacedAndNothingIsLeftBehind() throws Exception {
        Path out = temporary.resolve("keep.npy");
        Files.writeString(out, "old");
        FilterOptions wrong = options().samples(SAMPLES - 1).out(out.toString());
        assertThatThrownBy(() -> SparkFilter.run(Cluster.session(), wrong)).isInstanceOf(InputException.class);
        assertThat(out).hasContent("old");
        SparkFilter.run(Cluster.session(), options().samples(SAMPLES + 3).out(out.toString()));
        Filter filter = FilterFile.read(out);
        assertThat(filter.samples()).isEqualTo(SAMPLES + 3);
        assertThat(filter.keeps(SAMPLES + 1)).as("never seen").isFalse();
        assertThat(hidden()).isEmpty();
    }

    @Test
    void probabilitiesAreThoseOfOneMachine() throws Exception {
        Scores scores = Scores.of(ScoreLog.open(log).matrix(ScoreColumn.SCORE));
        for (double balance : new double[] {Double.NaN, 0.4}) {
            Path out = temporary.resolve("p.npy");
            Path expected = temporary.resolve("expected.npy");
            FilterSpec estimated = FilterSpec.of(Binarizer.topShare(0.4), VoteAggregation.LABEL_MODEL);
            FilterSpec spec = Double.isNaN(balance) ? estimated : estimated.classBalance(balance);
            FilterOptions options = new FilterOptions(log.toString(), ScoreColumn.SCORE, spec)
                    .out(temporary.resolve("keep.npy").toString())
                    .probabilities(out.toString());
            options.cellsPerBlock = SAMPLES; // three epochs: as many blocks
            Selector selector = new Selector(scores, spec).probabilities(expected);
            FilterReport report = SparkFilter.run(Cluster.session(), options);
            assertThat(FilterFile.read(temporary.resolve("keep.npy")))
                    .isEqualTo(selector.run().filter());
            assertThat(out).hasSameBinaryContentAs(expected);
            assertThat(report.labelModel()).isNotNull();
        }
        FilterOptions none = options().probabilities(temporary.resolve("q.npy").toString());
        assertThatThrownBy(() -> SparkFilter.run(Cluster.session(), none))
                .isInstanceOf(InputException.class)
                .hasMessage("probabilities come from the label model; majority has none");
    }

    @Test
    void theTruthJudgesAsOnOneMachine() throws Exception {
        boolean[] clean = new boolean[SAMPLES + 2];
        for (int i = 0; i < clean.length; i++) {
            clean[i] = random.nextInt(3) > 0;
        }
        Path truth = temporary.resolve("clean.npy");
        FilterFile.write(truth, Filter.of(clean));
        Path out = temporary.resolve("keep.npy");
        FilterReport report = SparkFilter.run(
                Cluster.session(), options().truth(truth.toString()).out(out.toString()));
        boolean[] mislabelled = new boolean[clean.length];
        for (int i = 0; i < clean.length; i++) {
            mislabelled[i] = !clean[i];
        }
        assertThat(report.samples()).isEqualTo(clean.length);
        assertThat(report.detection())
                .isEqualTo(Detection.of(FilterFile.read(out).toBooleans(), mislabelled));
        refused(options().truth(truth.toString()).samples(SAMPLES), truth + ": is over " + clean.length);
        refused(options().truth(npyPool().toString()), "expected booleans (b1), one per sample");
    }

    private void refused(FilterOptions options, String message) {
        assertThatThrownBy(() -> SparkFilter.run(Cluster.session(), options))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aPoolOfTextIsRefusedWithTheReason() throws Exception {
        Path pool = Files.writeString(temporary.resolve("pool.txt"), Uid.format(high[0], low[0]));
        refused(options().uids(pool.toString()), pool + ": expected uids in a .parquet or .npy file");
        refused(options().uids(pool.toString()), "executors cannot find the line of a sample");
    }

    private FilterOptions options() {
        FilterOptions options = new FilterOptions(
                log.toString(), ScoreColumn.SCORE, FilterSpec.of(Binarizer.kMeans(), VoteAggregation.MAJORITY));
        options.cellsPerBlock = SAMPLES;

        return options;
    }

    private void refused(String name, String message) {
        refused(options().out(temporary.resolve(name).toString()), message);
    }

    private Path npyPool() {
        Path pool = temporary.resolve("pool.npy");
        try (NpyStream out = NpyStream.create(pool, NpyType.UINT64_PAIR, SAMPLES)) {
            for (int i = 0; i < SAMPLES; i++) {
                out.next().putLong(high[i]).putLong(low[i]);
            }
            out.commit();
        }
        return pool;
    }

    private Path written(String name, Filter filter) {
        Path file = temporary.resolve(name);
        FilterFile.write(file, filter);
        return file;
    }

    private Path written(String name, Filter filter, Uids uids) {
        Path file = temporary.resolve(name);
        FilterFile.write(file, filter, uids);
        return file;
    }

    private List<Path> hidden() throws Exception {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.filter(file -> file.getFileName().toString().startsWith("."))
                    .toList();
        }
    }
}
