package org.gradmimic.score;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.kernel.Descriptors;
import org.gradmimic.kernel.Descriptors.Dtype;
import org.gradmimic.kernel.Kernels;
import org.gradmimic.kernel.Provider;
import org.gradmimic.kernel.Workspace;
import org.gradmimic.kernel.abi.gm_mimic_weights_args;
import org.gradmimic.kernel.abi.gm_queue;
import org.jspecify.annotations.Nullable;

/**
 * The second pass: scores on disk become weights, batch by batch, in place. The softmax goes over a batch twice in blocks
 * (its maximum and sum, then the weights), so a batch may be as large as the file.
 */
final class BatchWeights {
    private static final int BLOCK = 1 << 18;

    private final FeatureScoring.Request request;
    private final double directionNorm;
    private final NpyWriter scores;
    private final @Nullable NpyWriter norms;
    private final long rows;

    BatchWeights(FeatureScoring.Request request, double directionNorm, NpyWriter scores, @Nullable NpyWriter norms) {
        this.request = request;
        this.directionNorm = directionNorm;
        this.scores = scores;
        this.norms = norms;
        rows = request.features().rows();
    }

    void run() {
        long batch = request.batchSize() == 0 ? rows : request.batchSize();
        try (PointerScope scope = new PointerScope();
                Workspace workspace = new Workspace()) {
            gm_queue queue = Provider.CPU.queue();
            gm_mimic_weights_args args = new gm_mimic_weights_args();
            Pointer.memset(args, 0, args.sizeof());
            for (long from = 0; from < rows; from += batch) {
                long to = Math.min(rows, from + batch);
                if (request.kind() == Weighting.Kind.OPT) optimal(queue, args, workspace, from, to);
                else softmax(queue, args, from, to);
            }
        }
    }

    private void softmax(gm_queue queue, gm_mimic_weights_args args, long from, long to) {
        // What is on disk is the statistic already: proj or cos, over the temperature.
        Weighting.normedProj(request.temperature()).describe(args.weighting());
        int length = (int) Math.min(BLOCK, to - from);
        float[] block = new float[length];
        double[] part = new double[2];
        double max = Double.NEGATIVE_INFINITY;
        double sum = 0;
        try (PointerScope scope = new PointerScope()) {
            FloatPointer values = new FloatPointer(length);
            for (long at = from; at < to; at += length) {
                int count = load(at, to, block, values, args);
                Kernels.mimicWeightsReduce(queue, args, part);
                double larger = Math.max(max, part[0]);
                if (larger == Double.NEGATIVE_INFINITY) continue;
                sum = sum * Math.exp(max - larger) + part[1] * Math.exp(part[0] - larger);
                max = larger;
            }
            if (sum == 0) throw noFiniteScore(from, to);
            double[] total = {max, sum};
            for (long at = from; at < to; at += length) {
                int count = load(at, to, block, values, args);
                Kernels.mimicWeightsApply(queue, args, total);
                values.get(block, 0, count);
                scores.put(at, FloatBuffer.wrap(block, 0, count));
            }
        }
    }

    private int load(long at, long to, float[] block, FloatPointer values, gm_mimic_weights_args args) {
        int count = (int) Math.min(block.length, to - at);
        scores.get(at, FloatBuffer.wrap(block, 0, count));
        values.put(block, 0, count);
        Descriptors.contiguous(args.score(), values, Dtype.F32, count);
        Descriptors.contiguous(args.weight(), values, Dtype.F32, count);
        return count;
    }

    private void optimal(gm_queue queue, gm_mimic_weights_args args, Workspace workspace, long from, long to) {
        if (norms == null) throw new InvalidStateException("opt needs gradient norms");
        if (to - from > Integer.MAX_VALUE - 8) {
            throw new InputException(
                    "opt with lambda > 0 weighs " + (to - from) + " samples together; give a batch size");
        }
        int count = (int) (to - from);
        float[] block = new float[count];
        try (PointerScope scope = new PointerScope()) {
            Weighting.opt(request.lambda()).describe(args.weighting());
            FloatPointer score = new FloatPointer(count);
            FloatPointer norm = new FloatPointer(count);
            DoublePointer squared = new DoublePointer(1).put(directionNorm * directionNorm);
            scores.get(from, FloatBuffer.wrap(block));
            score.put(block, 0, count);
            norms.get(from, FloatBuffer.wrap(block));
            norm.put(block, 0, count);
            Descriptors.contiguous(args.score(), score, Dtype.F32, count);
            Descriptors.contiguous(args.gradient_norm(), norm, Dtype.F32, count);
            Descriptors.contiguous(args.weight(), score, Dtype.F32, count);
            args.direction_norm_squared(squared);
            Kernels.mimicWeights(queue, args, workspace);
            score.get(block, 0, count);
            scores.put(from, FloatBuffer.wrap(block));
        } catch (NonFiniteException e) {
            throw noFiniteScore(from, to);
        }
    }

    private static InputException noFiniteScore(long from, long to) {
        return new InputException("none of the samples " + from + " to " + (to - 1) + " has a finite score");
    }
}
