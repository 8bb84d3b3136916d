package org.gradmimic.score;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.ParquetReader;
import org.jspecify.annotations.Nullable;

/** The rows of a shard in one epoch: a row for each pair. */
final class ShardTable {
    private static final String SCORE = "score";
    private static final String WEIGHT = "weight";
    private static final String RELATIVE_WEIGHT = "relative_weight";
    private static final String LOSS = "loss";
    private static final String SIMILARITY = "clip_similarity";
    private static final String UID = "uid";
    private static final String KEY = "key";
    private static final String BATCH = "batch";

    private final String[] keys;
    private final @Nullable String[] uids;
    private final int[] batches;
    /** Score, weight, relative weight, loss and similarity. */
    private final float[][] numbers;

    private ShardTable(int rows) {
        keys = new String[rows];
        uids = new @Nullable String[rows];
        batches = new int[rows];
        numbers = new float[5][rows];
    }

    /** Collects the batches of a shard. */
    static final class Collector {
        private final List<Pair> pairs = new ArrayList<>();
        private final List<List<PairScorer.Numbers>> batches = new ArrayList<>();

        /** @param numbers of the batch at every checkpoint */
        void add(List<Pair> batch, List<PairScorer.Numbers> numbers) {
            // The pixels are not needed any more.
            for (Pair pair : batch) pairs.add(new Pair(pair.key(), pair.uid(), new byte[0], new long[0]));
            batches.add(numbers);
        }

        int batches() {
            return batches.size();
        }

        int samples() {
            return pairs.size();
        }

        /** The table of each checkpoint. */
        List<ShardTable> tables(int checkpoints) {
            List<ShardTable> tables = new ArrayList<>();
            for (int c = 0; c < checkpoints; c++) tables.add(table(c));
            return tables;
        }

        private ShardTable table(int checkpoint) {
            ShardTable table = new ShardTable(pairs.size());
            for (int i = 0; i < pairs.size(); i++) {
                table.keys[i] = pairs.get(i).key();
                table.uids[i] = pairs.get(i).uid();
            }
            int row = 0;
            for (int b = 0; b < batches.size(); b++) {
                PairScorer.Numbers found = batches.get(b).get(checkpoint);
                int n = found.scores().length;
                for (int i = 0; i < n; i++, row++) {
                    table.batches[row] = b;
                    table.numbers[0][row] = found.scores()[i];
                    table.numbers[1][row] = found.weights()[i];
                    table.numbers[2][row] = found.weights()[i] * n;
                    table.numbers[3][row] = found.losses()[i];
                    table.numbers[4][row] = found.similarities()[i];
                }
            }
            return table;
        }

        /** The number of pairs without a finite score at some checkpoint. */
        long nonFinite() {
            long count = 0;
            for (List<PairScorer.Numbers> batch : batches) {
                for (int i = 0; i < batch.get(0).scores().length; i++) {
                    int row = i;
                    if (batch.stream().anyMatch(numbers -> Float.isNaN(numbers.scores()[row]))) count++;
                }
            }
            return count;
        }
    }

    /** Writes the part of a shard, whose samples and batches are not numbered over all shards yet. */
    void write(Path file) {
        own(new ParquetColumns()).write(file);
    }

    private ParquetColumns own(ParquetColumns columns) {
        return columns.floats(SCORE, numbers[0])
                .floats(WEIGHT, numbers[1])
                .floats(RELATIVE_WEIGHT, numbers[2])
                .floats(LOSS, numbers[3])
                .floats(SIMILARITY, numbers[4])
                .texts(UID, uids)
                .texts(KEY, keys)
                .ints(BATCH, batches);
    }

    /** The columns of the whole output: those of a score log, and more. */
    ParquetColumns columns(String shard, long firstSample, int epoch, long firstStep) {
        int rows = keys.length;
        long[] samples = new long[rows];
        long[] steps = new long[rows];
        int[] epochs = new int[rows];
        String[] shards = new String[rows];
        Arrays.fill(epochs, epoch);
        Arrays.fill(shards, shard);
        for (int i = 0; i < rows; i++) {
            samples[i] = firstSample + i;
            steps[i] = firstStep + batches[i];
        }
        return own(new ParquetColumns()
                        .longs("sample_id", samples)
                        .ints("epoch", epochs)
                        .longs("step", steps))
                .texts("shard", shards);
    }

    /** @throws InputException if the file is damaged or has another number of rows */
    static ShardTable read(Path file, int rows) {
        ParquetReader parquet = ParquetReader.open(file);
        if (parquet.rows() != rows) {
            throw InputException.in(file, "has " + parquet.rows() + " rows, expected " + rows);
        }
        ShardTable table = new ShardTable(rows);
        List<String> names = List.of(SCORE, WEIGHT, RELATIVE_WEIGHT, LOSS, SIMILARITY, UID, KEY, BATCH);
        int[] row = {0};
        parquet.scan(names, chunk -> {
            for (long i = 0; i < chunk.rowCount(); i++, row[0]++) {
                for (int c = 0; c < 5; c++)
                    table.numbers[c][row[0]] = chunk.vector(c).getFloat(i);
                table.uids[row[0]] = chunk.vector(5).getString(i);
                table.keys[row[0]] = chunk.vector(6).getString(i);
                table.batches[row[0]] = chunk.vector(7).getInt(i);
            }
        });
        return table;
    }
}
