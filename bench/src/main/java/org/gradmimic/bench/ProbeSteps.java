package org.gradmimic.bench;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.HeadBatch;
import org.gradmimic.MimicHead;
import org.gradmimic.ScoreTable;

/**
 * A training step of a linear head on features [B,D] that are there already, by LibTorch alone and by Grad-Mimic. Each side
 * has a head and an AdamW of its own; both go round the same batches.
 */
final class ProbeSteps implements AutoCloseable {
    /** Batches to go round: each is found where a freshly gathered one would be, not in the innermost cache. */
    private static final int BATCHES = 8;

    private final PointerScope scope = new PointerScope();
    private final Tensor[] features = new Tensor[BATCHES];
    private final Tensor[] labels = new Tensor[BATCHES];
    private final Tensor[] ids = new Tensor[BATCHES];
    private final Tensor[] referenceLogits = new Tensor[BATCHES];
    private final ScoreTable table = Heads.table();
    private final Side plain;
    private final Side cached;
    private final Side product;
    private final MimicHead cachedHead;
    private final MimicHead productHead;
    private int next;

    /** One side's head and optimiser. */
    private record Side(LinearImpl linear, Optimizer optimizer) {
        static Side of(long width, long classes) {
            LinearImpl linear = new LinearImpl(width, classes);
            return new Side(linear, Heads.optimizer(linear.weight(), linear.bias()));
        }
    }

    ProbeSteps(int batch, int width, int classes) {
        torch.manual_seed(1);
        Tensor reference = Heads.reference(classes, width);
        TensorOptions longs = new TensorOptions(ScalarType.Long);
        for (int i = 0; i < BATCHES; i++) {
            features[i] = torch.randn(batch, width);
            labels[i] = torch.randint(classes, new long[] {batch}, longs);
            ids[i] = torch.randint(1 << 20, new long[] {batch}, longs);
            referenceLogits[i] = torch.mm(features[i], reference.t());
        }
        plain = Side.of(width, classes);
        cached = Side.of(width, classes);
        product = Side.of(width, classes);
        cachedHead = Heads.mimic(cached.linear(), reference, table);
        productHead = Heads.mimic(product.linear(), reference, table);
    }

    private int turn() {
        return next = (next + 1) % BATCHES;
    }

    /** LibTorch's step: zero the gradients, forward, mean cross-entropy, backward, AdamW. */
    void plain() {
        int i = turn();
        try (PointerScope step = new PointerScope()) {
            plain.optimizer().zero_grad();
            torch.cross_entropy(plain.linear().forward(features[i]), labels[i]).backward();
            plain.optimizer().step();
        }
    }

    /** Grad-Mimic where features are frozen: the reference's logits were computed once. */
    void mimicCached() {
        int i = turn();
        mimic(
                cachedHead,
                cached.optimizer(),
                new HeadBatch(features[i], labels[i]).withIds(ids[i]).withReferenceLogits(referenceLogits[i]));
    }

    /** Grad-Mimic where features change: a product with V in every step. */
    void mimicProduct() {
        int i = turn();
        mimic(productHead, product.optimizer(), new HeadBatch(features[i], labels[i]).withIds(ids[i]));
    }

    private static void mimic(MimicHead head, Optimizer optimizer, HeadBatch batch) {
        try (PointerScope step = new PointerScope()) {
            optimizer.zero_grad();
            head.step(batch).backward();
            optimizer.step();
        }
    }

    @Override
    public void close() {
        cachedHead.close();
        productHead.close();
        table.close();
        scope.close();
    }
}
