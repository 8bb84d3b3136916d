package org.gradmimic.layer;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/** Adds to the gradients of parameters, as the end of an autograd pass does. */
final class Gradients {
    private static final Scalar ZERO = Memory.detached(new Scalar(0.0));

    /** Memory that has become some parameter's gradient in this step. */
    private final Set<Long> taken = new HashSet<>();

    private final @Nullable Tensor skip;

    /** @param skip one truth value: add zeros. Null: the step is known not to be skipped */
    Gradients(@Nullable Tensor skip) {
        this.skip = skip;
    }

    /** Adds the derivative of Σ outputGradient · output by each of the parameters. */
    void add(List<ModelParameter> parameters, Tensor output, Tensor outputGradient, boolean keepGraph) {
        if (parameters.isEmpty()) return;
        TensorVector inputs =
                new TensorVector(parameters.stream().map(ModelParameter::live).toArray(Tensor[]::new));
        TensorVector found =
                OutputGradients.grad(new TensorVector(output), inputs, new TensorVector(outputGradient), keepGraph);
        for (int p = 0; p < parameters.size(); p++) {
            if (found.get(p).defined()) add(parameters.get(p), found.get(p));
        }
    }

    /** Adds a gradient of the parameter's number of elements, which may be taken over. */
    void add(ModelParameter parameter, Tensor gradient) {
        Tensor live = parameter.live();
        Tensor target = live.mutable_grad();
        Tensor addend = gradient.is_same_size(live) ? gradient : gradient.reshape(Tensors.sizes(live));
        if (target.defined()) {
            target.add_(skip == null ? addend : addend.masked_fill(skip, ZERO));
            return;
        }
        Tensor own = addend.to(live.scalar_type()).detach(); // a view can't be a gradient
        // As the parameter lies, and no memory twice: autograd may give one tensor as the gradient of two parameters.
        boolean alike = own.is_contiguous() && live.is_contiguous() || Arrays.equals(strides(own), strides(live));
        if (!alike || own.numel() > 0 && !taken.add(own.data_ptr().address())) {
            own = torch.empty_like(live.detach()).copy_(own);
        }
        if (skip != null) own.masked_fill_(skip, ZERO);
        target.put(own);
    }

    private static long[] strides(Tensor tensor) {
        long[] strides = new long[(int) tensor.dim()];
        for (int d = 0; d < strides.length; d++) strides[d] = tensor.stride(d);
        return strides;
    }
}
