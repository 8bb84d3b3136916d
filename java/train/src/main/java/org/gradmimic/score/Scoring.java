package org.gradmimic.score;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.LongConsumer;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * Scores samples without training. This is the only loop over features ({@link FeatureSource}) and over the samples of
 * a model ({@link ModelSource}).
 *
 * <p>The kinds {@code proj} and {@code cos} give scores: NaN if not finite. The other kinds give weights: 0 in that
 * case. Kinds that compare the samples of a batch make a second pass over the scores alone.
 */
public final class Scoring {
    private final Weighting weighting;
    private final long batchSize;

    /** Normalises weights over all samples. */
    public Scoring(Weighting weighting) {
        this(weighting, 0);
    }

    /**
     * @param weighting of a kind that is computed from scores
     * @param batchSize number of samples whose weights are normalised together; 0: all
     * @throws InvalidArgumentException for another kind or a negative size
     */
    public Scoring(Weighting weighting, long batchSize) {
        weighting.kind().requireOfScores();
        if (batchSize < 0) {
            throw new InvalidArgumentException(
                    "the batch size is " + batchSize + "; it must be positive, or 0 for all");
        }
        this.weighting = weighting;
        this.batchSize = batchSize;
    }

    /** Whether the result of a sample depends on the other samples of its batch. */
    private boolean couplesSamples() {
        return switch (weighting.kind()) {
            case NORMED_PROJ, NORMED_COS -> true;
            case OPT -> weighting.lambda() > 0;
            default -> false;
        };
    }

    /**
     * Scores every sample. The caller closes the source. The sink is complete when this returns, and empty if it
     * throws.
     *
     * @param progress receives the number of samples done so far
     * @throws InputException for files, shapes and labels that do not fit; and if no sample has a finite score, or no
     *     sample of a batch over which weights are normalised
     */
    public ScoreSummary run(ScoreSource source, ScoreSink sink, LongConsumer progress) {
        ScoreSource.Wanted kept = sink.wanted();
        ScoreSource.Wanted wanted =
                new ScoreSource.Wanted(kept.gradientNorms() || weighting.kind().needsNorms(), kept.losses());
        source.check(weighting.kind(), wanted);
        try (sink) {
            boolean needed = weighting.kind() == Weighting.Kind.OPT && couplesSamples();
            sink.open(source.count(), source.references(), wanted.gradientNorms(), needed);
            Pass pass = new Pass(source, sink, wanted);
            pass.read(progress);
            if (couplesSamples() && source.count() > 0) {
                new BatchWeights(weighting, source, sink).run(batchSize);
            }
            sink.commit();
            return pass.summary();
        }
    }

    /** The pass over the samples. */
    private final class Pass {
        private final ScoreSource source;
        private final ScoreSource.Wanted wanted;
        private final FloatColumn scores;
        private final @Nullable FloatColumn losses;
        private final @Nullable FloatColumn norms;
        private final TreeSet<Long> named = new TreeSet<>();
        private long nonFinite;

        Pass(ScoreSource source, ScoreSink sink, ScoreSource.Wanted wanted) {
            this.source = source;
            this.wanted = wanted;
            scores = sink.scoreColumn();
            losses = sink.lossColumn();
            norms = sink.normColumn();
        }

        void read(LongConsumer progress) {
            long done = 0;
            for (ScoreSource.Block block = source.next(wanted); block != null; block = source.next(wanted)) {
                keep(block);
                done += block.ids().length;
                progress.accept(done);
            }
            if (source.count() > 0 && nonFinite == source.count()) {
                String blame = ScoreSummary.blame(source.invalidSamples());
                throw new InputException(source.name() + ": none of its " + source.count()
                        + " samples has a finite score" + (blame.isEmpty() ? "" : ": " + blame));
            }
        }

        private void keep(ScoreSource.Block block) {
            int n = block.ids().length;
            boolean[] invalid = new boolean[n];
            float[] values = new float[n];
            for (int k = 0; k < block.scores().length; k++) {
                double direction = source.directionNorms()[k];
                for (int i = 0; i < n; i++) {
                    double norm = wanted.gradientNorms() ? block.gradientNorms()[i] : 0;
                    // A score with an infinite norm is not valid: its cosine would be 0.
                    boolean finite = Double.isFinite(block.scores()[k][i]) && Double.isFinite(norm);
                    invalid[i] |= !finite;
                    values[i] = result(finite ? block.scores()[k][i] : Double.NaN, norm, direction);
                }
                put(scores, k * source.count(), block.ids(), values);
            }
            if (losses != null) put(losses, 0, block.ids(), floats(block.losses()));
            if (norms != null) put(norms, 0, block.ids(), floats(block.gradientNorms()));
            for (int i = 0; i < n; i++) {
                if (invalid[i]) name(block.ids()[i]);
            }
        }

        /**
         * The final result, if a sample's result depends on no other sample; otherwise the number that the second pass
         * starts from.
         */
        private float result(double score, double norm, double direction) {
            boolean free = weighting.kind() == Weighting.Kind.OPT && !couplesSamples();
            boolean cosine = weighting.kind() == Weighting.Kind.COS
                    || weighting.kind() == Weighting.Kind.NORMED_COS && norms == null;
            if (Double.isNaN(score)) return free ? 0 : Float.NaN;
            if (cosine) return norm == 0 ? 0 : (float) (score / norm);
            if (!free) return (float) score;
            double length = (float) norm;
            return length == 0 ? 0 : (float) ((float) score * direction / (length * length));
        }

        private void name(long id) {
            nonFinite++;
            named.add(id);
            if (named.size() > ScoreSummary.NAMED) named.pollLast();
        }

        ScoreSummary summary() {
            List<Double> directions = new ArrayList<>();
            for (double norm : source.directionNorms()) directions.add(norm);
            return new ScoreSummary(source.count(), nonFinite, List.copyOf(named), source.invalidSamples(), directions);
        }
    }

    /** Writes samples with consecutive ids together. */
    private static void put(FloatColumn column, long first, long[] ids, float[] values) {
        for (int from = 0; from < ids.length; ) {
            int to = from + 1;
            while (to < ids.length && ids[to] == ids[to - 1] + 1) to++;
            column.put(first + ids[from], values, from, to - from);
            from = to;
        }
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) floats[i] = (float) values[i];
        return floats;
    }
}
