package org.gradmimic.train;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.HeadBatch;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.device.Host;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/** Values that never change for frozen features: the reference's logits or losses, and the norms of the features. */
final class ReferenceCache implements AutoCloseable {
    /** Logits larger than this are not kept; each step then computes the matrix product instead. */
    private static final long MAX_LOGIT_BYTES = 4L << 30;

    private static final long BLOCK = 8192;

    private final @Nullable Tensor logits;
    private final @Nullable Tensor normsSquared;
    private final @Nullable Tensor loss;

    private ReferenceCache(@Nullable Tensor logits, @Nullable Tensor normsSquared, @Nullable Tensor loss) {
        this.logits = logits;
        this.normsSquared = normsSquared;
        this.loss = loss;
    }

    /** @param logits whether steps can use either the reference's logits or the product with V */
    static ReferenceCache of(ProbeData data, ProbeSettings settings, boolean logits) {
        Weighting.Kind kind = settings.weighting().kind();
        long logitBytes = 4 * data.features().size(0) * data.classes();
        boolean keepLogits = logits && settings.mode() == Mode.MIMIC && logitBytes <= MAX_LOGIT_BYTES;
        boolean keepNorms = kind == Weighting.Kind.COS
                || kind == Weighting.Kind.NORMED_COS
                || kind == Weighting.Kind.OPT
                || kind == Weighting.Kind.GRAND;
        return new ReferenceCache(
                keepLogits
                        ? byBlocks(
                                data,
                                (h, y) -> torch.mm(
                                                h,
                                                data.need(ProbeInput.REFERENCE_WEIGHT)
                                                        .t())
                                        .mul_(new Scalar(settings.referenceScale())))
                        : null,
                keepNorms ? byBlocks(data, (h, y) -> Tensors.rowNormsSquared(h)) : null,
                settings.mode() == Mode.RHO ? byBlocks(data, (h, y) -> referenceLoss(data, h, y)) : null);
    }

    private interface Block {
        Tensor of(Tensor features, Tensor labels);
    }

    private static Tensor byBlocks(ProbeData data, Block block) {
        try (PointerScope scope = new PointerScope()) {
            List<Tensor> parts = new ArrayList<>();
            long rows = data.features().size(0);
            for (long from = 0; from < rows || parts.isEmpty(); from += BLOCK) {
                long count = Math.min(BLOCK, rows - from);
                parts.add(block.of(
                        data.features().narrow(0, from, count), data.labels().narrow(0, from, count)));
            }
            return Memory.detached(torch.cat(new org.bytedeco.pytorch.TensorVector(parts.toArray(Tensor[]::new)))
                    .contiguous());
        }
    }

    private static Tensor referenceLoss(ProbeData data, Tensor features, Tensor labels) {
        Tensor logits =
                torch.mm(features, data.need(ProbeInput.REFERENCE_WEIGHT).t());
        Tensor bias = data.get(ProbeInput.REFERENCE_BIAS);
        if (bias != null) logits.add_(bias);
        return torch.logsumexp(logits, 1)
                .sub_(logits.gather(1, labels.unsqueeze(1)).squeeze(1));
    }

    HeadBatch batch(Tensor features, Tensor labels, Tensor ids) {
        HeadBatch batch = new HeadBatch(features, labels).withIds(ids);
        if (logits != null) batch = batch.withReferenceLogits(select(logits, ids));
        if (normsSquared != null) batch = batch.withFeatureNormsSquared(select(normsSquared, ids));
        if (loss != null) batch = batch.withReferenceLoss(select(loss, ids));
        return batch;
    }

    /** [N] samples whose norm or reference loss is not finite; empty if neither is used. */
    boolean[] unusable() {
        Tensor judged = loss != null ? loss : normsSquared;
        if (judged == null) return new boolean[0];
        float[] values = Host.floats(judged);
        boolean[] unusable = new boolean[values.length];
        for (int i = 0; i < values.length; i++) unusable[i] = !Float.isFinite(values[i]);
        return unusable;
    }

    private static Tensor select(Tensor all, Tensor ids) {
        return torch.index_select(all, 0, ids);
    }

    @Override
    public void close() {
        for (Tensor tensor : new Tensor[] {logits, normsSquared, loss}) {
            if (tensor != null) tensor.deallocate();
        }
    }
}
