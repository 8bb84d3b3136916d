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
 * Distributes the rows of a score log, which come in any order, to blocks of consecutive samples, one block per
 * partition. This is the only shuffle of a filter; all later steps process one block at a time.
 *
 * <p>Each row carries its position in the log. Of several rows of a sample in an epoch the last one of the log counts,
 * whatever the order of arrival.
 */
final class ScoreBlocks {

    /**
     * The number of cells [E,S] in a block. With positions (8 bytes) and values (4 bytes) a block takes 48 MiB while it
     * is filled, and 16 MiB afterwards.
     */
    static final int CELLS_PER_BLOCK = 1 << 22;

    private ScoreBlocks() {}

    /**
     * @param splits of a log; one task reads each
     * @param shape has a position for every sample of the log
     * @return the blocks in order of samples, one in each partition; computed lazily, which fails with an {@link
     *     InputException} if a part is damaged or a value is infinite
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
                                "sample " + sample + " of epoch " + epoch + " exceeds what the file's statistics say");
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

    /** Rejects infinity, because it would dominate every mean and cluster. NaN is a sample that was not seen. */
    private static void requireFinite(float[][] values, long first) {
        for (int epoch = 0; epoch < values.length; epoch++) {
            for (int i = 0; i < values[epoch].length; i++) {
                if (Float.isInfinite(values[epoch][i])) {
                    throw new InputException("epoch " + epoch + ", sample " + (first + i) + ": the value is "
                            + values[epoch][i] + ", expected a finite value, or NaN for a sample that was not seen");
                }
            }
        }
    }

    /** The number of a block is that of its partition. */
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
