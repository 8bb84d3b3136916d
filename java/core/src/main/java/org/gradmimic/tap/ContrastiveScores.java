package org.gradmimic.tap;

import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.kernel.abi.gm_array;
import org.gradmimic.kernel.abi.gm_clip_scores_args;
import org.gradmimic.kernel.abi.gradmimic;
import org.jspecify.annotations.Nullable;

/**
 * Exact contrastive scores. What the features change by as the mimic layer moves toward its reference comes from autograd by
 * differentiating twice: the gradient g(u) of u · features by what left the mimic layer is linear in u, so the derivative of
 * ⟨g(u), layer(a; V)⟩ by u is that change. Only what lies above the mimic layer takes part. From the features on it is
 * {@code gm_clip_scores}.
 */
final class ContrastiveScores {
    private final Taps taps;
    private final ContrastiveBatch batch;
    private final List<LayerRecord> mimic;

    /** Image features, text features, scale, bias. */
    private final @Nullable Tensor[] outputs;

    /** Those of them that a parameter moves. */
    private final int[] moving;

    /** u, one for each moving output. */
    private final Tensor[] seeds;

    /** g(u), one for each record of the mimic layer; undefined where it reaches no output. */
    private final TensorVector gradients;

    private ContrastiveScores(Taps taps, ForwardPass forward, ContrastiveBatch batch) {
        this.taps = taps;
        this.batch = batch;
        mimic = forward.records().stream().filter(LayerRecord::mimic).toList();
        outputs = new @Nullable Tensor[] {batch.image(), batch.text(), batch.scale(), batch.bias()};
        moving = IntStream.range(0, outputs.length)
                .filter(o -> outputs[o] != null && outputs[o].requires_grad())
                .toArray();
        seeds = new Tensor[moving.length];
        Tensor[] moved = new Tensor[moving.length];
        for (int m = 0; m < moving.length; m++) {
            moved[m] = outputs[moving[m]];
            // g is linear, so it does not matter where its derivative is taken.
            seeds[m] = torch.zeros_like(moved[m].detach());
            seeds[m].set_requires_grad(true);
        }
        gradients = torch.grad(
                new TensorVector(moved),
                Deltas.outputs(mimic),
                new TensorVector(seeds),
                new BoolOptional(true),
                true,
                true);
    }

    /** The graph of the batch is kept. */
    static LayerScores exact(Taps taps, ForwardPass forward, ContrastiveBatch batch) {
        try (PointerScope scope = new PointerScope()) {
            ContrastiveScores scores = new ContrastiveScores(taps, forward, batch);
            int references = taps.recorder().references();
            double[][] found = new double[references][];
            double[] norms = new double[references];
            double[] losses = new double[0];
            for (int k = 0; k < references; k++) {
                try (PointerScope one = new PointerScope()) {
                    double[][] lossesAndScores = scores.toward(k, norms);
                    losses = lossesAndScores[0];
                    found[k] = lossesAndScores[1];
                }
            }
            return new LayerScores(losses, found, null, norms);
        }
    }

    /** Losses and scores toward reference k; its ‖V‖ goes into {@code norms}. */
    private double[][] toward(int k, double[] norms) {
        Tensor inner = null;
        double squared = 0;
        for (TappedParameter parameter : taps.recorder().mimic()) {
            Tensor v = taps.vectors().form(parameter.reference(k), parameter.live());
            squared += taps.vectors().normSquared();
            for (int r = 0; r < mimic.size(); r++) {
                if (!gradients.get(r).defined()) continue;
                for (Use use : mimic.get(r).uses()) {
                    if (use.parameter() != parameter) continue;
                    // A tangent may be a view of V, whose memory the next parameter uses.
                    Tensor tangent = use.tangent(v.clone().to(parameter.live().scalar_type()));
                    Tensor part = gradients.get(r).mul(tangent).sum();
                    inner = inner == null ? part : inner.add(part);
                }
            }
        }
        norms[k] = Math.sqrt(squared);
        @Nullable Tensor[] tangents = new @Nullable Tensor[outputs.length];
        if (inner != null) {
            TensorVector changes = Deltas.grad(
                    new TensorVector(inner),
                    new TensorVector(seeds),
                    new TensorVector(torch.ones_like(inner.detach())),
                    true);
            for (int m = 0; m < moving.length; m++) {
                Tensor change = changes.get(m);
                if (change.defined()) tangents[moving[m]] = change;
            }
        }
        return clip(tangents, squared);
    }

    private double[][] clip(@Nullable Tensor[] tangents, double squared) {
        long rows = batch.image().size(0);
        TensorOptions type = new TensorOptions(TapKernels.sumType(batch.image()));
        Tensor losses = torch.empty(new long[] {rows}, type, new org.bytedeco.pytorch.MemoryFormatOptional());
        Tensor scores = torch.empty_like(losses);
        try (gm_clip_scores_args args = new gm_clip_scores_args()) {
            Pointer.memset(args, 0, args.sizeof());
            describe(args.image(), batch.image());
            describe(args.text(), batch.text());
            describe(args.image_tangent(), tangents[0]);
            describe(args.text_tangent(), tangents[1]);
            args.scale(number(batch.scale()))
                    .bias(number(batch.bias()))
                    .scale_tangent(number(tangents[2]))
                    .bias_tangent(number(tangents[3]))
                    .direction_norm_squared(new DoublePointer(1).put(squared))
                    .loss_kind(
                            batch.kind() == ContrastiveBatch.Kind.SOFTMAX
                                    ? gradmimic.GM_CONTRASTIVE_SOFTMAX
                                    : gradmimic.GM_CONTRASTIVE_SIGMOID);
            describe(args.loss(), losses);
            describe(args.score(), scores);
            taps.kernels().clipScores(args);
        }
        return new double[][] {Deltas.doubles(losses), Deltas.doubles(scores)};
    }

    private static void describe(gm_array array, @Nullable Tensor tensor) {
        if (tensor != null) Tensors.describe(array, tensor.detach().contiguous());
    }

    private static double number(@Nullable Tensor one) {
        return one == null ? 0 : one.detach().to(torch.ScalarType.Double).item_double();
    }
}
