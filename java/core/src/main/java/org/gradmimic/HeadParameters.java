package org.gradmimic;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a head and V of every reference. W and all V lie side by side in memory, so that one product computes
 * the logits and V h.
 */
final class HeadParameters implements AutoCloseable {
    /** The caller's parameters. These handles belong to the head. */
    private final Tensor weight;

    private final @Nullable Tensor bias;

    /** [(1+K)C,D]: W, then every V. */
    private final Tensor stacked;

    private final Tensor stackedTransposed;

    /** The memory of W, without a graph; its transpose, and the bias. */
    private final Tensor weightView;

    private final Tensor weightTransposed;
    private final @Nullable Tensor biasView;
    private final @Nullable Direction direction;
    private final long weightAddress;
    private final long biasAddress;

    /**
     * Takes over the storage of the weight.
     *
     * @param references K; 1 if there is no reference
     */
    HeadParameters(Device device, Tensor weight, @Nullable Tensor bias, DirectionSource source, int references) {
        this.weight = Tensors.handle(weight);
        this.bias = bias == null ? null : Tensors.handle(bias);
        long classes = weight.size(0);
        try (PointerScope scope = new PointerScope()) {
            stacked = keep(device.empty(ScalarType.Float, (1 + references) * classes, weight.size(1))
                    .zero_());
            stackedTransposed = keep(stacked.t());
            weightView = keep(stacked.narrow(0, 0, classes));
            weightTransposed = keep(weightView.t());
            List<Tensor> vectors = LongStream.rangeClosed(1, references)
                    .mapToObj(k -> keep(stacked.narrow(0, k * classes, classes)))
                    .toList();
            weightView.copy_(weight.detach());
            weight.set_data(weightView);
            biasView = bias == null ? null : keep(bias.detach());
            direction = directionOf(device, source, weightView, vectors);
            weightAddress = weightView.data_ptr().address();
            biasAddress = biasView == null ? 0 : biasView.data_ptr().address();
        }
    }

    private static Tensor keep(Tensor tensor) {
        return Memory.detached(tensor);
    }

    private static @Nullable Direction directionOf(
            Device device, DirectionSource source, Tensor parameter, List<Tensor> vectors) {
        if (source instanceof DirectionSource.None) {
            vectors.forEach(Tensor::deallocate);
            return null;
        }
        if (source instanceof DirectionSource.Reference reference) {
            return toward(device, reference, parameter, vectors);
        }
        return Direction.assigned(device, vectors.get(0));
    }

    private static Direction toward(
            Device device, DirectionSource.Reference reference, Tensor parameter, List<Tensor> vectors) {
        if (reference.scale() == 1) return Direction.toward(device, reference.weights(), parameter, vectors);
        List<Tensor> scaled = new ArrayList<>();
        try (PointerScope scope = new PointerScope()) {
            for (Tensor weight : reference.weights()) {
                scaled.add(keep(weight.detach().mul(new Scalar(reference.scale()))));
            }
        }
        try {
            return Direction.toward(device, scaled, parameter, vectors);
        } finally {
            scaled.forEach(Tensor::deallocate);
        }
    }

    /** [C,D], the caller's parameter. */
    Tensor weight() {
        return weight;
    }

    /** [C], the caller's parameter; null if the head has none. */
    @Nullable
    Tensor bias() {
        return bias;
    }

    /** [C,D], the memory of W without a graph. */
    Tensor weightView() {
        return weightView;
    }

    /** [C], the memory of the bias without a graph; null if the head has none. */
    @Nullable
    Tensor biasView() {
        return biasView;
    }

    /** V of every reference, or what the gradients are compared with instead; null if that is nothing. */
    @Nullable
    Direction direction() {
        return direction;
    }

    /** {@link #direction()} of a source that has one. */
    Direction requireDirection() {
        return Objects.requireNonNull(direction);
    }

    /** The optimiser writes to the current memory of the parameters, and the head reads the old one. */
    void requireUnmoved() {
        if (weight.data_ptr().address() != weightAddress
                || (bias != null && bias.data_ptr().address() != biasAddress)) {
            throw new InvalidStateException("the head's parameters were moved to other memory (by set_data(), to() or"
                    + " another head); create a new head");
        }
    }

    /** h Wᵀ and V h of every V, by one product. */
    void projectBoth(Tensor features, HeadBuffers into) {
        torch.mm_out(into.both(), features, stackedTransposed);
    }

    /** h Wᵀ alone. */
    void projectLogits(Tensor features, HeadBuffers into) {
        torch.mm_out(into.alone(), features, weightTransposed);
    }

    /** h Wᵀ, [B,C], as a new tensor. */
    Tensor logits(Tensor features) {
        return torch.mm(features, weightTransposed);
    }

    /** Frees the handles and the direction. The caller's parameters keep the memory of W. */
    @Override
    public void close() {
        if (direction != null) direction.close();
        for (Pointer pointer : new @Nullable Pointer[] {
            stacked, stackedTransposed, weightView, weightTransposed, biasView, weight, bias
        }) {
            if (pointer != null) pointer.deallocate();
        }
    }
}
