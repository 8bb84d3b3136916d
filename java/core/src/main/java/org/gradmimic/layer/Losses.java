package org.gradmimic.layer;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Per-sample losses, with their graph. */
public final class Losses {
    /** LibTorch's at::Reduction::None, and the label that its losses ignore by default. */
    private static final long NO_REDUCTION = 0;

    private static final long IGNORED = -100;

    private Losses() {}

    /**
     * Softmax cross-entropy of every sample, [B]; float for 16-bit logits.
     *
     * @param logits [B,C]
     * @param labels [B] long
     */
    public static Tensor crossEntropy(Tensor logits, Tensor labels) {
        return crossEntropy(logits, labels, 0);
    }

    /**
     * Like {@link #crossEntropy(Tensor, Tensor)}, with smoothed labels.
     *
     * @param smoothing share of a label's probability that is spread over all classes, 0 to 1
     */
    public static Tensor crossEntropy(Tensor logits, Tensor labels, double smoothing) {
        Tensor wide = logits.to(LayerKernels.sumType(logits));
        return torch.cross_entropy_loss(wide, labels, new TensorOptional(), NO_REDUCTION, IGNORED, smoothing);
    }
}
