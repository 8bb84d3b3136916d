package org.gradmimic.select.score;

import java.nio.file.Path;
import java.util.Arrays;
import org.gradmimic.io.ParquetColumns;

/** The rows of an unfinished part, in primitive arrays that grow up to the size of the part. */
final class ScoreLogPart {

    private static final int FIRST_CAPACITY = 1 << 12;

    private final int maxRows;
    private int rows;
    private long[] sampleId;
    private int[] epoch;
    private long[] step;
    private float[] score;
    private float[] weight;
    private float[] relativeWeight;
    private float[] loss;

    ScoreLogPart(int maxRows) {
        this.maxRows = maxRows;
        int capacity = Math.min(maxRows, FIRST_CAPACITY);
        sampleId = new long[capacity];
        epoch = new int[capacity];
        step = new long[capacity];
        score = new float[capacity];
        weight = new float[capacity];
        relativeWeight = new float[capacity];
        loss = new float[capacity];
    }

    boolean isEmpty() {
        return rows == 0;
    }

    boolean isFull() {
        return rows == maxRows;
    }

    /** Appends the rows of a batch from {@code from} on, as far as there is room, and returns their number. */
    int append(ScoreLogBatch batch, int from) {
        int count = Math.min(batch.count() - from, maxRows - rows);
        if (rows + count > sampleId.length) {
            resize((int) Math.min(maxRows, Math.max(rows + count, 2L * sampleId.length)));
        }
        System.arraycopy(batch.ids(), from, sampleId, rows, count);
        System.arraycopy(batch.weight(), from, weight, rows, count);
        System.arraycopy(batch.loss(), from, loss, rows, count);
        Arrays.fill(epoch, rows, rows + count, batch.epoch());
        Arrays.fill(step, rows, rows + count, batch.step());
        for (int i = 0; i < count; i++) {
            float raw = batch.score()[from + i];
            score[rows + i] = Float.isFinite(raw) ? raw : Float.NaN;
            relativeWeight[rows + i] = batch.weight()[from + i] * batch.count();
        }
        rows += count;
        return count;
    }

    void write(Path file) {
        resize(rows);
        new ParquetColumns()
                .longs(ScoreLogFolder.SAMPLE_ID, sampleId)
                .ints(ScoreLogFolder.EPOCH, epoch)
                .longs(ScoreLogFolder.STEP, step)
                .floats(ScoreColumn.SCORE.columnName(), score)
                .floats(ScoreColumn.WEIGHT.columnName(), weight)
                .floats(ScoreColumn.RELATIVE_WEIGHT.columnName(), relativeWeight)
                .floats(ScoreColumn.LOSS.columnName(), loss)
                .write(file);
    }

    private void resize(int capacity) {
        if (capacity == sampleId.length) {
            return;
        }
        sampleId = Arrays.copyOf(sampleId, capacity);
        epoch = Arrays.copyOf(epoch, capacity);
        step = Arrays.copyOf(step, capacity);
        score = Arrays.copyOf(score, capacity);
        weight = Arrays.copyOf(weight, capacity);
        relativeWeight = Arrays.copyOf(relativeWeight, capacity);
        loss = Arrays.copyOf(loss, capacity);
    }
}
