package org.gradmimic.spark;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.gradmimic.base.InputException;
import org.gradmimic.select.score.ScoreColumn;
import scala.Tuple2;

/**
 * Brings the rows of a score log, which come in any order, to blocks of consecutive samples, a block a partition. This is
 * the only shuffle of a filter: all that follows looks at a block at a time.
 *
 * <p>With each row goes its place in the log, so that of a sample's rows in an epoch the last one counts, whatever the
 * order in which they arrive.
 */
final class ScoreBlocks {

    /** Cells [E,S] of a block; with places (8 bytes) and values (4 bytes), 48 MiB while it is filled, 16 MiB after. */
    static final int CELLS_PER_BLOCK = 1 << 22;

    private ScoreBlocks() {}

    /**
     * @param splits of a log, what one task each reads
     * @param shape has a place for every sample of the log
     * @return the blocks in order of samples, one in each partition; not yet computed, which fails with an
     *     {@link InputException} where a part is damaged or a value infinite
     */
    static JavaRDD<ScoreBlock> of(
            JavaSparkContext spark, List<List<ClusterLog.Slice>> splits, ScoreColumn column, BlockShape shape) {
        Broadcast<SerializableConfiguration> hadoop = Hadoop.broadcast(spark);
        return spark.parallelize(splits, Math.max(1, splits.size()))
                .flatMapToPair(
                        split -> packs(split, column, shape, hadoop.value().value()))
                .partitionBy(new ByBlock(shape.blocks()))
                .mapPartitionsWithIndex(
                        (block, packs) -> List.of(filled(shape, block, packs)).iterator(), true);
    }

    private static Iterator<Tuple2<Integer, byte[]>> packs(
            List<ClusterLog.Slice> split, ScoreColumn column, BlockShape shape, Configuration hadoop) {
        RowPacks packs = new RowPacks(shape.blocks());
        for (ClusterLog.Slice slice : split) {
            try (LogPartReader reader = LogPartReader.open(slice.path(), hadoop)) {
                reader.scan(slice.from(), slice.to(), column, (row, sample, epoch, value) -> {
                    if (sample < 0 || sample >= shape.samples() || epoch < 0 || epoch >= shape.epochs()) {
                        throw InputException.in(
                                slice.path(),
                                "sample " + sample + " of epoch " + epoch
                                        + " is not within what the file's statistics say");
                    }
                    packs.add(shape.block(sample), shape.cell(sample, epoch), value, slice.firstPlace() + row);
                });
            }
        }
        return packs.finish();
    }

    private static ScoreBlock filled(BlockShape shape, int block, Iterator<Tuple2<Integer, byte[]>> packs) {
        int samples = shape.samples(block);
        float[][] values = new float[shape.epochs()][samples];
        for (float[] epoch : values) {
            Arrays.fill(epoch, Float.NaN);
        }
        long[] places = new long[shape.epochs() * shape.size()];
        Arrays.fill(places, -1);
        while (packs.hasNext()) {
            RowPacks.forEachRow(packs.next()._2(), (cell, value, place) -> {
                if (place > places[cell]) {
                    places[cell] = place;
                    values[cell / shape.size()][cell % shape.size()] = value;
                }
            });
        }
        requireFinite(values, shape.first(block));
        return new ScoreBlock(shape.first(block), values);
    }

    /** An infinity would move every mean and cluster to itself; NaN is a sample that was not seen. */
    private static void requireFinite(float[][] values, long first) {
        for (int epoch = 0; epoch < values.length; epoch++) {
            for (int i = 0; i < values[epoch].length; i++) {
                if (Float.isInfinite(values[epoch][i])) {
                    throw new InputException("epoch " + epoch + ", sample " + (first + i) + ": the value is "
                            + values[epoch][i] + ", expected a finite one, or NaN for not seen");
                }
            }
        }
    }

    /** A block's number is its partition's. */
    private static final class ByBlock extends Partitioner {
        private static final long serialVersionUID = 1L;
        private final int blocks;

        ByBlock(int blocks) {
            this.blocks = blocks;
        }

        @Override
        public int numPartitions() {
            return blocks;
        }

        @Override
        public int getPartition(Object block) {
            return (Integer) block;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ByBlock o && o.blocks == blocks;
        }

        @Override
        public int hashCode() {
            return blocks;
        }
    }
}
