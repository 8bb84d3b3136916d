package org.gradmimic.spark;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.gradmimic.io.npy.NpyHeader;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.select.uid.Uid;
import org.jspecify.annotations.Nullable;

/**
 * Writes a filter. Each executor writes the blocks that it holds. Files have the formats of {@link
 * org.gradmimic.select.filter.FilterFile}; Parquet is a folder of files, as usual in Spark.
 */
final class FilterOutputs {

    /** Maps the 64 bits of an unsigned number to a signed number in the same order, and back. */
    private static final long SIGN = Long.MIN_VALUE;

    private static final StructType PAIR =
            new StructType().add("high", DataTypes.LongType, false).add("low", DataTypes.LongType, false);

    private final SparkSession session;
    private final JavaSparkContext spark;
    private final JavaRDD<ScoreBlock> blocks;
    private final Broadcast<SampleRule> rule;
    private final @Nullable UidPool pool;

    /** @param pool the uids of the samples, if the samples are to be identified by them */
    FilterOutputs(SparkSession session, JavaRDD<ScoreBlock> blocks, SampleRule rule, @Nullable UidPool pool) {
        this.session = session;
        this.spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        this.blocks = blocks;
        this.rule = spark.broadcast(rule);
        this.pool = pool;
    }

    /** Writes a filter in the format that its name selects. */
    void write(FilterTarget target) {
        switch (target.format()) {
            case NPY -> {
                if (pool == null) {
                    mask(target.path());
                } else {
                    subset(target.path(), pool);
                }
            }
            case TEXT -> {
                if (pool == null) {
                    numbers(target.path());
                } else {
                    lines(target.path(), pool);
                }
            }
            case PARQUET -> parquet(target.path(), pool);
        }
    }

    /** {@code .npy}, bool [N]. */
    private void mask(Path target) {
        Broadcast<SampleRule> shared = rule;
        PiecedFile.write(
                spark,
                target,
                blocks,
                (some, out) -> eachSample(some, shared.value(), (sample, keep) -> out.write(keep ? 1 : 0)),
                elements -> NpyHeader.format(NpyType.BOOL, new long[] {elements}));
    }

    /** {@code .npy}, u8,u8: the uids of the kept, sorted. */
    private void subset(Path target, UidPool uids) {
        PiecedFile.write(
                spark,
                target,
                sortedUids(uids).javaRDD(),
                (rows, out) -> {
                    ByteBuffer pair = ByteBuffer.allocate(2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                    long count = 0;
                    for (; rows.hasNext(); count++) {
                        Row row = rows.next();
                        pair.clear().putLong(row.getLong(0) ^ SIGN).putLong(row.getLong(1) ^ SIGN);
                        out.write(pair.array());
                    }
                    return count;
                },
                elements -> NpyHeader.format(NpyType.UINT64_PAIR, new long[] {elements}));
    }

    /** One line per kept sample: its number. */
    private void numbers(Path target) {
        Broadcast<SampleRule> shared = rule;
        PiecedFile.write(
                spark,
                target,
                blocks,
                (some, out) -> eachSample(some, shared.value(), (sample, keep) -> {
                    if (keep) {
                        line(out, Long.toString(sample));
                    }
                }),
                elements -> new byte[0]);
    }

    /** One line per kept sample: its uid, sorted. */
    private void lines(Path target, UidPool uids) {
        PiecedFile.write(
                spark,
                target,
                sortedUids(uids).javaRDD(),
                (rows, out) -> {
                    long count = 0;
                    for (; rows.hasNext(); count++) {
                        Row row = rows.next();
                        line(out, Uid.format(row.getLong(0) ^ SIGN, row.getLong(1) ^ SIGN));
                    }
                    return count;
                },
                elements -> new byte[0]);
    }

    /** One row per sample: {@code sample_id}, {@code uid} if there are uids, and {@code keep}. */
    private void parquet(Path target, @Nullable UidPool uids) {
        StructType schema = new StructType().add("sample_id", DataTypes.LongType, false);
        if (uids != null) {
            schema = schema.add(UidPool.COLUMN, DataTypes.StringType, false);
        }
        schema = schema.add("keep", DataTypes.BooleanType, false);
        Broadcast<SampleRule> shared = rule;
        Broadcast<SerializableConfiguration> hadoop = Hadoop.broadcast(spark);
        JavaRDD<Row> rows = blocks.flatMap(
                block -> rows(block, shared.value(), uids, hadoop.value().value()));
        Path temporary = Hadoop.hidden(target, ".tmp");
        Configuration settings = spark.hadoopConfiguration();
        try {
            FileSystem files = temporary.getFileSystem(settings);
            try {
                files.delete(temporary, true);
                session.createDataFrame(rows, schema)
                        .write()
                        .option("compression", "zstd")
                        .parquet(temporary.toString());
                Hadoop.rename(temporary, target, settings);
            } finally {
                files.delete(temporary, true);
            }
        } catch (Exception e) { // includes a checked exception of Spark that the Java signature does not declare
            IOException cause = Failures.io(e);
            throw cause == null ? Failures.translated(e) : Hadoop.unwritable(target, cause);
        }
    }

    private static Iterator<Row> rows(ScoreBlock block, SampleRule rule, @Nullable UidPool uids, Configuration hadoop) {
        long[] high = new long[uids == null ? 0 : block.samples()];
        long[] low = new long[high.length];
        if (uids != null) {
            uids.read(block.first(), high, low, hadoop);
        }
        return IntStream.range(0, block.samples())
                .mapToObj(i -> {
                    long id = block.first() + i;
                    boolean keep = rule.keeps(block.values(), i);
                    return uids == null
                            ? RowFactory.create(id, keep)
                            : RowFactory.create(id, Uid.format(high[i], low[i]), keep);
                })
                .iterator();
    }

    /** {@code .npy}, float32 [N]: the probability that each sample is worth keeping. */
    void probabilities(Path target) {
        Broadcast<SampleRule> shared = rule;
        PiecedFile.write(
                spark,
                target,
                blocks,
                (some, out) -> {
                    long count = 0;
                    while (some.hasNext()) {
                        ScoreBlock block = some.next();
                        ByteBuffer values = ByteBuffer.allocate(block.samples() * Float.BYTES)
                                .order(ByteOrder.LITTLE_ENDIAN);
                        for (int i = 0; i < block.samples(); i++) {
                            values.putFloat((float) shared.value().probability(block.values(), i));
                        }
                        out.write(values.array());
                        count += block.samples();
                    }
                    return count;
                },
                elements -> NpyHeader.format(NpyType.FLOAT32, new long[] {elements}));
    }

    /** The uids of the kept samples in NumPy's order: as unsigned pairs. */
    private Dataset<Row> sortedUids(UidPool uids) {
        Broadcast<SampleRule> shared = rule;
        Broadcast<SerializableConfiguration> hadoop = Hadoop.broadcast(spark);
        JavaRDD<Row> kept = blocks.flatMap(
                block -> kept(block, shared.value(), uids, hadoop.value().value()));
        return session.createDataFrame(kept, PAIR).sort("high", "low");
    }

    private static Iterator<Row> kept(ScoreBlock block, SampleRule rule, UidPool uids, Configuration hadoop) {
        long[] high = new long[block.samples()];
        long[] low = new long[block.samples()];
        uids.read(block.first(), high, low, hadoop);
        return IntStream.range(0, high.length)
                .filter(i -> rule.keeps(block.values(), i))
                .mapToObj(i -> RowFactory.create(high[i] ^ SIGN, low[i] ^ SIGN))
                .iterator();
    }

    private interface SampleWriter {
        void write(long sample, boolean keep) throws IOException;
    }

    /** Passes all samples of some blocks to the writer, in order, and returns their number. */
    private static long eachSample(Iterator<ScoreBlock> blocks, SampleRule rule, SampleWriter writer)
            throws IOException {
        long count = 0;
        while (blocks.hasNext()) {
            ScoreBlock block = blocks.next();
            for (int i = 0; i < block.samples(); i++) {
                writer.write(block.first() + i, rule.keeps(block.values(), i));
            }
            count += block.samples();
        }
        return count;
    }

    private static void line(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.US_ASCII));
        out.write('\n');
    }
}
