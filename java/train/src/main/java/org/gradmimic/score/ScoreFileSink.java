package org.gradmimic.score;

import java.nio.file.Path;
import java.util.Iterator;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyWriter;
import org.jspecify.annotations.Nullable;

/** Writes scores to a file; see {@link ScoreSink#file}. */
final class ScoreFileSink extends ScoreSink {
    private static final int BLOCK = 1 << 16;

    private final Path out;
    private @Nullable NpyWriter scores;
    private @Nullable NpyWriter norms;

    ScoreFileSink(Path out) {
        ScoreFile.check(out);
        this.out = out;
    }

    @Override
    ScoreSource.Wanted wanted() {
        return new ScoreSource.Wanted(false, false);
    }

    @Override
    void open(long samples, int references, boolean computed, boolean needed) {
        if (references != 1) {
            throw new InvalidArgumentException("a file takes one score per sample, not " + references);
        }
        if (scores != null) throw new InvalidStateException(out + " has been written to");
        scores = ScoreFile.isParquet(out) ? NpyWriter.scratch(out, ".scores", samples) : NpyWriter.create(out, samples);
        if (needed) norms = NpyWriter.scratch(out, ".norms", samples);
    }

    private NpyWriter written() {
        if (scores == null) throw new InvalidStateException("nothing was written to " + out);
        return scores;
    }

    @Override
    FloatColumn scoreColumn() {
        return FloatColumn.of(written());
    }

    @Override
    @Nullable
    FloatColumn lossColumn() {
        return null;
    }

    @Override
    @Nullable
    FloatColumn normColumn() {
        return norms == null ? null : FloatColumn.of(norms);
    }

    @Override
    void commit() {
        if (ScoreFile.isParquet(out)) ParquetColumns.write(out, columns(written()));
        else written().commit();
    }

    private static Iterator<ParquetColumns> columns(NpyWriter scores) {
        FloatColumn column = FloatColumn.of(scores);
        return new Iterator<>() {
            private long from;

            @Override
            public boolean hasNext() {
                return from < scores.elements() || from == 0;
            }

            @Override
            public ParquetColumns next() {
                int count = (int) Math.min(BLOCK, scores.elements() - from);
                long[] ids = new long[count];
                float[] values = new float[count];
                for (int i = 0; i < count; i++) ids[i] = from + i;
                column.get(from, values, count);
                from += Math.max(1, count);
                return new ParquetColumns().longs("sample_id", ids).floats("score", values);
            }
        };
    }

    @Override
    public void close() {
        if (norms != null) norms.close();
        if (scores != null) scores.close();
    }
}
