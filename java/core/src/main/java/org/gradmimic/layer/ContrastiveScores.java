package org.gradmimic.layer;

import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Device;
import org.gradmimic.internal.KernelArrays;
import org.gradmimic.kernel.internal.abi.gm_array;
import org.gradmimic.kernel.internal.abi.gm_clip_scores_args;
import org.gradmimic.kernel.internal.abi.gradmimic;
import org.jspecify.annotations.Nullable;

/**
 * Exact contrastive scores. What the features change by as the mimic layer moves toward its reference comes from autograd by
 * differentiating twice: the gradient g(u) of u · features by what left the mimic layer is linear in u, so the derivative of
 * ⟨g(u), layer(a; V)⟩ by u is that change. Only what lies above the mimic layer takes part. From the features on it is
 * {@code gm_clip_scores}.
 */
final class ContrastiveScores {
    private final RecordingLayers layers;
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

    private ContrastiveScores(RecordingLayers layers, ForwardPass forward, ContrastiveBatch batch) {
        this.layers = layers;
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
                OutputGradients.outputs(mimic),
                new TensorVector(seeds),
                new BoolOptional(true),
                true,
                true);
    }

    /** The graph of the batch is kept. */
    static ScoreTensors exact(RecordingLayers layers, ForwardPass forward, ContrastiveBatch batch) {
        ContrastiveScores scores = new ContrastiveScores(layers, forward, batch);
        Device device = layers.device();
        int references = layers.recorder().references();
        Tensor squared = device.empty(ScalarType.Double, references).zero_();
        Tensor found = device.empty(ScalarType.Double, references, batch.image().size(0));
        Tensor losses = device.empty(ScalarType.Double, batch.image().size(0));
        for (int k = 0; k < references; k++) {
            try (PointerScope one = new PointerScope()) {
                scores.toward(k, squared.narrow(0, k, 1), losses, found.select(0, k));
            }
        }
        Tensor distances = squared.sqrt();
        return new ScoreTensors(losses, withoutOverflow(found, distances), null, distances);
    }

    /** NaN toward a reference whose ‖V‖² is beyond all numbers: dividing by infinity would make zeros of its scores. */
    private static Tensor withoutOverflow(Tensor scores, Tensor distances) {
        return scores.masked_fill_(distances.isinf().unsqueeze(1), new Scalar(Double.NaN));
    }

    /** Losses and scores toward reference k, and its ‖V‖². */
    private void toward(int k, Tensor squared, Tensor losses, Tensor found) {
        Tensor inner = null;
        for (ModelParameter parameter : layers.recorder().mimic()) {
            Tensor v = layers.vectors().form(parameter.reference(k), parameter.live());
            squared.add_(layers.vectors().normSquared());
            for (int r = 0; r < mimic.size(); r++) {
                if (!gradients.get(r).defined()) continue;
                for (ParameterUse use : mimic.get(r).uses()) {
                    if (use.parameter() != parameter) continue;
                    // A tangent may be a view of V, whose memory the next parameter uses.
                    Tensor tangent = use.tangent(v.clone().to(parameter.live().scalar_type()));
                    Tensor part = gradients.get(r).mul(tangent).sum();
                    inner = inner == null ? part : inner.add(part);
                }
            }
        }
        @Nullable Tensor[] tangents = new @Nullable Tensor[outputs.length];
        if (inner != null) {
            TensorVector changes = OutputGradients.grad(
                    new TensorVector(inner),
                    new TensorVector(seeds),
                    new TensorVector(torch.ones_like(inner.detach())),
                    true);
            for (int m = 0; m < moving.length; m++) {
                Tensor change = changes.get(m);
                if (change.defined()) tangents[moving[m]] = change;
            }
        }
        clip(tangents, squared, losses, found);
    }

    private void clip(@Nullable Tensor[] tangents, Tensor squared, Tensor losses, Tensor found) {
        long rows = batch.image().size(0);
        Tensor loss = layers.device().empty(LayerKernels.sumType(batch.image()), rows);
        Tensor score = torch.empty_like(loss);
        Tensor terms = torch.cat(new TensorVector(
                number(batch.scale()), number(batch.bias()), number(tangents[2]), number(tangents[3])));
        try (gm_clip_scores_args args = new gm_clip_scores_args()) {
            Pointer.memset(args, 0, args.sizeof());
            describe(args.image(), batch.image());
            describe(args.text(), batch.text());
            describe(args.image_tangent(), tangents[0]);
            describe(args.text_tangent(), tangents[1]);
            args.logit_terms(new DoublePointer(terms.data_ptr()))
                    .direction_norm_squared(new DoublePointer(squared.data_ptr()))
                    .loss_kind(
                            batch.kind() == ContrastiveBatch.Kind.SOFTMAX
                                    ? gradmimic.GM_CONTRASTIVE_SOFTMAX
                                    : gradmimic.GM_CONTRASTIVE_SIGMOID);
            KernelArrays.describe(args.loss(), loss);
            KernelArrays.describe(args.score(), score);
            layers.kernels().clipScores(args);
        }
        losses.copy_(loss);
        found.copy_(score);
    }

    private static void describe(gm_array array, @Nullable Tensor tensor) {
        if (tensor != null) KernelArrays.describe(array, tensor.detach().contiguous());
    }

    /** [1] double; 0 for what isn't there. */
    private Tensor number(@Nullable Tensor one) {
        return one == null
                ? layers.device().empty(ScalarType.Double, 1).zero_()
                : OutputGradients.wide(one).reshape(1);
    }
}
