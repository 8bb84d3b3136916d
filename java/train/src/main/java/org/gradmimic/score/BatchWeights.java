package org.gradmimic.score;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.kernel.internal.Descriptors;
import org.gradmimic.kernel.internal.Descriptors.Dtype;
import org.gradmimic.kernel.internal.Kernels;
import org.gradmimic.kernel.internal.Provider;
import org.gradmimic.kernel.internal.Workspace;
import org.gradmimic.kernel.internal.abi.gm_mimic_weights_args;
import org.gradmimic.kernel.internal.abi.gm_queue;
import org.jspecify.annotations.Nullable;

/**
 * The second pass over the scores: turns them into weights, batch by batch and in place. The softmax reads a batch
 * twice in blocks, first for its maximum and sum, then for the weights. A batch may therefore be as large as the file.
 */
final class BatchWeights {
    private static final int BLOCK = 1 << 18;

    private final Weighting weighting;
    private final ScoreSource source;
    private final double directionNorm;
    private final FloatColumn scores;
    private final @Nullable FloatColumn norms;

    /** @param source already read into {@code sink}, which holds its scores, or its cosines if it keeps no norms */
    BatchWeights(Weighting weighting, ScoreSource source, ScoreSink sink) {
        this.weighting = weighting;
        this.source = source;
        directionNorm = source.directionNorms()[0];
        scores = sink.scoreColumn();
        norms = weighting.kind().needsNorms() ? sink.normColumn() : null;
    }

    /** @param batchSize number of samples whose weights are normalised together; 0: all */
    void run(long batchSize) {
        long rows = source.count();
        long batch = batchSize == 0 ? rows : batchSize;
        try (PointerScope scope = new PointerScope();
                Workspace workspace = new Workspace()) {
            gm_queue queue = Provider.CPU.queue();
            gm_mimic_weights_args args = new gm_mimic_weights_args();
            Pointer.memset(args, 0, args.sizeof());
            for (long from = 0; from < rows; from += batch) {
                long to = from + Math.min(batch, rows - from);
                if (weighting.kind() == Weighting.Kind.OPT) optimal(queue, args, workspace, from, to);
                else softmax(queue, args, from, to);
            }
        }
    }

    private static void describe(Weighting weighting, gm_mimic_weights_args args) {
        Descriptors.weighting(
                args.weighting(),
                weighting.kind().toString(),
                weighting.temperature(),
                weighting.lambda(),
                weighting.rhoAttached());
    }

    private void softmax(gm_queue queue, gm_mimic_weights_args args, long from, long to) {
        // Without norms the cosines are there already.
        describe(norms == null ? Weighting.normedProj(weighting.temperature()) : weighting, args);
        int length = (int) Math.min(BLOCK, to - from);
        float[] block = new float[length];
        double[] part = new double[2];
        double max = Double.NEGATIVE_INFINITY;
        double sum = 0;
        try (PointerScope scope = new PointerScope()) {
            FloatPointer values = new FloatPointer(length);
            FloatPointer lengths = norms == null ? null : new FloatPointer(length);
            for (long at = from; at < to; at += length) {
                load(at, to, block, values, lengths, args);
                Kernels.mimicWeightsReduce(queue, args, part);
                double larger = Math.max(max, part[0]);
                if (larger == Double.NEGATIVE_INFINITY) continue;
                sum = sum * Math.exp(max - larger) + part[1] * Math.exp(part[0] - larger);
                max = larger;
            }
            if (sum == 0) throw noFiniteScore(from, to);
            double[] total = {max, sum};
            for (long at = from; at < to; at += length) {
                int count = load(at, to, block, values, lengths, args);
                Kernels.mimicWeightsApply(queue, args, total);
                values.get(block, 0, count);
                scores.put(at, block, 0, count);
            }
        }
    }

    private int load(
            long at,
            long to,
            float[] block,
            FloatPointer values,
            @Nullable FloatPointer lengths,
            gm_mimic_weights_args args) {
        int count = (int) Math.min(block.length, to - at);
        if (norms != null && lengths != null) {
            norms.get(at, block, count);
            lengths.put(block, 0, count);
            Descriptors.contiguous(args.gradient_norm(), lengths, Dtype.F32, count);
        }
        scores.get(at, block, count);
        values.put(block, 0, count);
        Descriptors.contiguous(args.score(), values, Dtype.F32, count);
        Descriptors.contiguous(args.weight(), values, Dtype.F32, count);
        return count;
    }

    private void optimal(gm_queue queue, gm_mimic_weights_args args, Workspace workspace, long from, long to) {
        if (norms == null) throw new InvalidStateException("opt needs gradient norms");
        if (to - from > Integer.MAX_VALUE - 8) {
            throw new InputException(
                    "opt with lambda > 0 cannot weight " + (to - from) + " samples together; set a smaller batch size");
        }
        int count = (int) (to - from);
        float[] block = new float[count];
        try (PointerScope scope = new PointerScope()) {
            describe(weighting, args);
            FloatPointer score = new FloatPointer(count);
            FloatPointer norm = new FloatPointer(count);
            DoublePointer squared = new DoublePointer(1).put(directionNorm * directionNorm);
            scores.get(from, block, count);
            score.put(block, 0, count);
            norms.get(from, block, count);
            norm.put(block, 0, count);
            Descriptors.contiguous(args.score(), score, Dtype.F32, count);
            Descriptors.contiguous(args.gradient_norm(), norm, Dtype.F32, count);
            Descriptors.contiguous(args.weight(), score, Dtype.F32, count);
            args.direction_norm_squared(squared);
            Kernels.mimicWeights(queue, args, workspace);
            score.get(block, 0, count);
            scores.put(from, block, 0, count);
        } catch (NonFiniteException e) {
            throw noFiniteScore(from, to);
        }
    }

    private InputException noFiniteScore(long from, long to) {
        String blame = ScoreSummary.blame(source.invalidSamples());
        return new InputException(source.name() + ": none of the samples " + from + " to " + (to - 1)
                + " has a finite score" + (blame.isEmpty() ? "" : ": " + blame));
    }
}
