package org.gradmimic.layer;

import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.jspecify.annotations.Nullable;

/**
 * The features that two towers computed for B pairs, with their graph, and the loss that compares them. With cosines
 * c_ij of image i and text j and z = scale c + bias, ℓ_i is half the cross-entropy of image i among all texts and half
 * that of text i among all images; or, for SigLIP, half of row i and half of column i of the pairwise sigmoid losses.
 *
 * @param image [B,E], before normalisation
 * @param text [B,E], before normalisation
 * @param scale one element that multiplies the cosines: e to the power of CLIP's {@code logit_scale}
 * @param bias one element, or null for none
 * @param kind of loss
 */
public record ContrastiveBatch(
        Tensor image, Tensor text, Tensor scale, @Nullable Tensor bias, Kind kind) {
    /** The losses. */
    public enum Kind {
        /** CLIP's. */
        SOFTMAX,
        /** SigLIP's. */
        SIGMOID
    }

    public ContrastiveBatch {
        Tensors.requireRank("image features", image, "[B, E]", 2);
        Tensors.requireShape("text features", text, Tensors.sizes(image));
    }

    /**
     * A batch with CLIP's loss.
     *
     * @param image features of the images [B,E], with their graph, before normalisation
     * @param text features of the captions [B,E], with their graph, before normalisation
     * @param scale one element that multiplies the cosines
     * @throws org.gradmimic.base.InvalidArgumentException for tensors of other shapes
     */
    public static ContrastiveBatch clip(Tensor image, Tensor text, Tensor scale) {
        return new ContrastiveBatch(image, text, scale, null, Kind.SOFTMAX);
    }

    /**
     * A batch with SigLIP's loss; other parameters as for {@link #clip}.
     *
     * @param bias one element that is added to the logits
     * @throws org.gradmimic.base.InvalidArgumentException for tensors of other shapes
     */
    public static ContrastiveBatch siglip(Tensor image, Tensor text, Tensor scale, Tensor bias) {
        return new ContrastiveBatch(image, text, scale, bias, Kind.SIGMOID);
    }

    /** ℓ_i [B], with its graph. Plain training minimises its mean. Computed at least in float, also under autocast. */
    public Tensor losses() {
        try (Autocast off = Autocast.off(Device.of(image))) {
            return unrounded();
        }
    }

    private Tensor unrounded() {
        long rows = image.size(0);
        Tensor logits = normalised(image).matmul(normalised(text).t()).mul(scale.reshape(1));
        if (bias != null) logits = logits.add(bias.reshape(1));
        if (kind == Kind.SOFTMAX) {
            Tensor labels = torch.arange(new Scalar(rows), Device.of(logits).options(torch.ScalarType.Long));
            return Losses.crossEntropy(logits, labels)
                    .add(Losses.crossEntropy(logits.t(), labels))
                    .mul(new Scalar(0.5));
        }
        // The loss makes a pair's own logit large and all others small.
        Tensor own =
                torch.eye(rows, Device.of(logits).options(logits.scalar_type().intern()));
        Tensor each = torch.softplus(logits.mul(own.mul(new Scalar(-2.0)).add(new Scalar(1.0))));
        return each.sum(1).add(each.sum(0)).mul(new Scalar(0.5));
    }

    /**
     * The positions of the samples whose image or text features have no direction: they are not finite, or all zero.
     * The loss compares each sample with every other, so these features affect the losses and scores of all samples.
     */
    public int[] invalidFeatures() {
        try (PointerScope scope = new PointerScope()) {
            long[] values = Host.longs(invalidFeatureMask().to(torch.ScalarType.Long));
            return IntStream.range(0, values.length).filter(i -> values[i] != 0).toArray();
        }
    }

    /** The samples that {@link #invalidFeatures} would list, [B] bool; in the caller's scope. */
    public Tensor invalidFeatureMask() {
        Tensor usable = normalised(image.detach()).isfinite().all(1);
        return usable.logical_and(normalised(text.detach()).isfinite().all(1)).logical_not();
    }

    private static Tensor normalised(Tensor features) {
        Tensor wide = features.to(LayerKernels.sumType(features));
        return wide.div(wide.square().sum(1).sqrt().unsqueeze(1));
    }
}
