package org.gradmimic;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.internal.DeviceArray;
import org.gradmimic.internal.DeviceQueue;
import org.gradmimic.internal.KernelArrays;
import org.gradmimic.internal.OneThread;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Kernels;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.kernel.internal.abi.gm_array;
import org.gradmimic.kernel.internal.abi.gm_direction_args;
import org.gradmimic.kernel.internal.abi.gm_projected_dot_args;
import org.jspecify.annotations.Nullable;

/**
 * V = θ_ref − θ of one or several parameters, and its norms. Training changes the parameters: {@link #refresh()}
 * computes V again, as every training step must. {@link #refreshNorms()} is cheaper, for callers that compute ⟨·, V⟩ in
 * another way (from cached reference logits): it reads both parameters and writes only the norms.
 *
 * <p>{@link #assignNegated} makes it the direction of the gradient baselines (AGRA, influence, Grad-Match) instead.
 */
public final class Direction implements AutoCloseable {
    private final List<Tensor> references;
    private final List<Tensor> vectors;
    private final List<Tensor> owned;
    private final DeviceQueue queue;
    private final gm_direction_args args = Memory.detached(new gm_direction_args());
    private final gm_array referenceArrays;
    private final gm_array parameterArrays;
    private final gm_array vectorArrays;
    /** [n] ‖V_k‖², then [1] their sum, then [n] ‖θ_k‖². */
    private final DeviceArray<DoublePointer> norms;

    private final OneThread thread = new OneThread("this direction");
    private boolean closed;

    private Direction(
            Device device, List<Tensor> references, List<Tensor> parameters, List<Tensor> vectors, List<Tensor> owned) {
        int n = parameters.size();
        queue = new DeviceQueue(device);
        this.references = references;
        this.vectors = vectors;
        this.owned = owned;
        referenceArrays = Memory.detached(new gm_array(Math.max(1, n)));
        parameterArrays = Memory.detached(new gm_array(Math.max(1, n)));
        vectorArrays = Memory.detached(new gm_array(Math.max(1, n)));
        norms = DeviceArray.doubles(device, 2L * n + 1);
        for (int k = 0; k < n; k++) {
            if (!references.isEmpty()) KernelArrays.describe(referenceArrays.getPointer(k), references.get(k));
            KernelArrays.describe(parameterArrays.getPointer(k), parameters.get(k));
            KernelArrays.describe(vectorArrays.getPointer(k), vectors.get(k));
        }
        args.count(references.isEmpty() ? 0 : n)
                .reference(referenceArrays)
                .parameter(parameterArrays)
                .norm_squared(norms.at(0))
                .total_norm_squared(norms.at(n))
                .parameter_norm_squared(norms.at(n + 1L));
        OpenResources.opened();
    }

    /**
     * The direction from parameters toward their references.
     *
     * @param references one tensor per parameter, of the same shape, which may be any; they are copied only if they are not
     *     contiguous
     * @param parameters live tensors; their memory is read at every refresh, so a parameter must not be moved to other
     *     memory in the meantime
     * @throws InvalidArgumentException for shapes that differ, types that are not floating-point, and tensors on
     *     several devices
     */
    public static Direction toward(List<Tensor> references, List<Tensor> parameters) {
        if (references.size() != parameters.size()) {
            throw new InvalidArgumentException(
                    references.size() + " references for " + parameters.size() + " parameters");
        }
        if (!parameters.isEmpty()) Tensors.requireThere("parameter 0", parameters.get(0));
        Device device = parameters.isEmpty() ? Device.CPU : Device.of(parameters.get(0));
        for (int k = 0; k < parameters.size(); k++) {
            Tensor parameter = parameters.get(k);
            Tensors.requireThere("parameter " + k, parameter);
            Tensors.requireThere("reference " + k, references.get(k));
            KernelArrays.dtype(parameter);
            KernelArrays.dtype(references.get(k));
            device.require("parameter " + k, parameter);
            device.require("reference " + k, references.get(k));
            Tensors.requireShape("reference " + k, references.get(k), Tensors.sizes(parameter));
        }
        List<Tensor> kept = own(references);
        List<Tensor> live;
        List<Tensor> vectors;
        try (PointerScope scope = new PointerScope()) {
            live = parameters.stream().map(p -> Memory.detached(p.detach())).toList();
            vectors = parameters.stream()
                    .map(p -> Memory.detached(torch.empty_like(p.detach())))
                    .toList();
        }
        List<Tensor> owned = new ArrayList<>(kept);
        owned.addAll(live);
        owned.addAll(vectors);
        return new Direction(device, kept, live, vectors, owned);
    }

    /**
     * Like {@link #toward}, from one parameter toward each of several references.
     *
     * @param vectors where every V is stored; this object owns the handles from here on
     */
    static Direction toward(Device device, List<Tensor> references, Tensor parameter, List<Tensor> vectors) {
        List<Tensor> kept = own(references);
        List<Tensor> owned = new ArrayList<>(kept);
        owned.addAll(vectors);
        return new Direction(device, kept, Collections.nCopies(kept.size(), parameter), vectors, owned);
    }

    /** New handles to the references, so that the caller may close its own. */
    private static List<Tensor> own(List<Tensor> references) {
        try (PointerScope scope = new PointerScope()) {
            return references.stream()
                    .map(r -> Memory.detached(r.detach().contiguous()))
                    .toList();
        }
    }

    /** A direction that is only ever assigned. It owns the handle from here on. */
    static Direction assigned(Device device, Tensor vector) {
        return new Direction(device, List.of(), List.of(vector), List.of(vector), List.of(vector));
    }

    /** Computes V, ‖V‖ and ‖θ‖ from the current parameters. */
    public void refresh() {
        run(vectorArrays);
    }

    /** Computes ‖V‖ and ‖θ‖ from the current parameters. {@link #vector} does not change. */
    public void refreshNorms() {
        run(null);
    }

    private void run(@Nullable gm_array target) {
        thread.enter();
        try {
            requireOpen();
            if (references.isEmpty())
                throw new InvalidStateException("this direction has no reference; it is assigned");
            args.direction(target);
            Kernels.direction(queue.now(), args, queue.workspace());
        } finally {
            thread.leave();
        }
    }

    /** Sets V = −gradient for the only vector. A score is then ⟨g_i, gradient⟩/‖gradient‖. */
    void assignNegated(Tensor gradient) {
        requireOpen();
        Tensor vector = vectors.get(0);
        try (PointerScope scope = new PointerScope();
                gm_projected_dot_args dot = new gm_projected_dot_args()) {
            torch.neg_out(vector, gradient);
            Tensor flat = vector.reshape(-1);
            KernelArrays.describe(dot.gradient(), flat.reshape(1, -1).narrow(0, 0, 0));
            KernelArrays.describe(dot.direction(), flat);
            dot.dot().data(null);
            dot.norm_squared().data(null);
            dot.direction_norm_squared(norms.at(0));
            Kernels.projectedDot(queue.now(), dot, queue.workspace());
        }
    }

    /**
     * V of parameter k at the last refresh, of the parameter's shape and type.
     *
     * @return memory of this object, which the next refresh overwrites
     * @throws InvalidStateException if this direction is closed
     */
    public Tensor vector(int k) {
        requireOpen();
        return vectors.get(k);
    }

    /** ‖V_k‖² of one parameter; waits for a device. */
    public double normSquared(int k) {
        requireOpen();
        return norms.get(k);
    }

    /** ‖V‖² over all parameters; waits for a device. */
    public double normSquared() {
        requireOpen();
        return norms.get(references.isEmpty() ? 0 : vectors.size());
    }

    /** ‖θ_k‖²; waits for a device. */
    public double parameterNormSquared(int k) {
        requireOpen();
        return norms.get(vectors.size() + 1L + k);
    }

    /** Whether any ‖V_k‖²/‖θ_k‖² is below this value; waits for a device. */
    boolean anyBelow(double ratioSquared) {
        for (int k = 0; k < vectors.size(); k++)
            if (normSquared(k) < ratioSquared * parameterNormSquared(k)) return true;
        return false;
    }

    /** The memory from which kernels read ‖V_k‖². */
    DoublePointer normSquaredPointer() {
        return norms.at(0);
    }

    private void requireOpen() {
        if (closed) throw new InvalidStateException("this direction is closed");
    }

    @Override
    public void close() {
        thread.enter();
        try {
            closeAlone();
        } finally {
            thread.leave();
        }
    }

    private void closeAlone() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        queue.close();
        norms.close();
        owned.forEach(Tensor::deallocate);
        for (var pointer : List.of(args, referenceArrays, parameterArrays, vectorArrays)) {
            pointer.deallocate();
        }
    }
}
