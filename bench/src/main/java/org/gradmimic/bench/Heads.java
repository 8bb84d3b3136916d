package org.gradmimic.bench;

import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.MimicHead;
import org.gradmimic.ScoreTable;
import org.gradmimic.Weighting;
import org.gradmimic.device.Device;

/** Pieces that the training workloads share; call under a {@link org.bytedeco.javacpp.PointerScope} that keeps them. */
final class Heads {
    /**
     * So small that a head stays what it is however long it is timed: one that had fitted its few batches would be timed on
     * subnormal gradients. The optimiser's work does not depend on it.
     */
    private static final double LEARNING_RATE = 1e-8;

    private static final double WEIGHT_DECAY = 1e-5;

    private static final int TABLE_ROWS = 1 << 16;

    private Heads() {}

    static Optimizer optimizer(Tensor... parameters) {
        AdamWOptions options = new AdamWOptions(LEARNING_RATE);
        options.weight_decay().put(WEIGHT_DECAY);
        return new AdamW(new TensorVector(parameters), options);
    }

    /** A weight as far from a fresh head's as that is long: V is no smaller than W. [C,D] */
    static Tensor reference(long classes, long width) {
        return torch.randn(classes, width).mul_(new org.bytedeco.pytorch.Scalar((float) (1 / Math.sqrt(width))));
    }

    /** With everything a training run has: softmax weights, and a score table that is drained. */
    static MimicHead mimic(LinearImpl linear, Tensor reference, ScoreTable table) {
        return MimicHead.builder(linear)
                .reference(reference)
                .weighting(Weighting.normedProj(0.5))
                .table(table)
                .build();
    }

    static ScoreTable table() {
        return table(Device.CPU);
    }

    static ScoreTable table(Device device) {
        return new ScoreTable(device, TABLE_ROWS, (epoch, step, ids, score, weight, loss, count) -> {});
    }
}
