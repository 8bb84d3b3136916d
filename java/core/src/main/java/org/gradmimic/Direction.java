package org.gradmimic;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.kernel.Kernels;
import org.gradmimic.kernel.Memory;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.Provider;
import org.gradmimic.kernel.Workspace;
import org.gradmimic.kernel.abi.gm_array;
import org.gradmimic.kernel.abi.gm_direction_args;
import org.gradmimic.kernel.abi.gm_projected_dot_args;
import org.gradmimic.kernel.abi.gm_queue;
import org.jspecify.annotations.Nullable;

/**
 * V = θ_ref − θ of one or several parameters, and its norms. The parameters live: {@link #refresh()} takes V afresh, as
 * every training step must. {@link #refreshNorms()} is the cheaper half for those who have ⟨·, V⟩ by other means (cached
 * reference logits): it reads both, writes nothing.
 *
 * <p>{@link #assignNegated} makes it the direction of the gradient baselines (AGRA, influence, Grad-Match) instead.
 */
public final class Direction implements AutoCloseable {
    private final List<Tensor> references;
    private final List<Tensor> vectors;
    private final List<Tensor> owned;
    private final gm_queue queue = Memory.detached(Provider.CPU.queue());
    private final gm_direction_args args = Memory.detached(new gm_direction_args());
    private final gm_array referenceArrays;
    private final gm_array parameterArrays;
    private final gm_array vectorArrays;
    /** [n] ‖V_k‖², then [1] their sum, then [n] ‖θ_k‖². */
    private final DoublePointer norms;

    private final Workspace workspace = new Workspace();
    private boolean closed;

    private Direction(List<Tensor> references, List<Tensor> parameters, List<Tensor> vectors, List<Tensor> owned) {
        int n = parameters.size();
        this.references = references;
        this.vectors = vectors;
        this.owned = owned;
        referenceArrays = Memory.detached(new gm_array(Math.max(1, n)));
        parameterArrays = Memory.detached(new gm_array(Math.max(1, n)));
        vectorArrays = Memory.detached(new gm_array(Math.max(1, n)));
        norms = Memory.detached(new DoublePointer(2L * n + 1));
        for (int k = 0; k < n; k++) {
            if (!references.isEmpty()) Tensors.describe(referenceArrays.getPointer(k), references.get(k));
            Tensors.describe(parameterArrays.getPointer(k), parameters.get(k));
            Tensors.describe(vectorArrays.getPointer(k), vectors.get(k));
        }
        args.count(references.isEmpty() ? 0 : n)
                .reference(referenceArrays)
                .parameter(parameterArrays)
                .norm_squared(norms)
                .total_norm_squared(norms.getPointer(n))
                .parameter_norm_squared(norms.getPointer(n + 1L));
        OpenResources.opened();
    }

    /**
     * The direction from parameters toward their references.
     *
     * @param references one tensor a parameter, of its shape
     * @param parameters live tensors; read at every refresh
     */
    public static Direction toward(List<Tensor> references, List<Tensor> parameters) {
        if (references.size() != parameters.size()) {
            throw new IllegalArgumentException(
                    references.size() + " references for " + parameters.size() + " parameters");
        }
        List<Tensor> kept = own(references);
        List<Tensor> vectors;
        try (PointerScope scope = new PointerScope()) {
            vectors = parameters.stream()
                    .map(p -> Memory.detached(torch.empty_like(p.detach())))
                    .toList();
        }
        List<Tensor> owned = new ArrayList<>(kept);
        owned.addAll(vectors);
        return new Direction(kept, parameters, vectors, owned);
    }

    /** As {@link #toward}, for one parameter, with V kept in a tensor the caller owns. */
    static Direction toward(Tensor reference, Tensor parameter, Tensor vector) {
        List<Tensor> kept = own(List.of(reference));
        return new Direction(kept, List.of(parameter), List.of(vector), kept);
    }

    /** Handles of our own to the references, which may then be closed by the caller. */
    private static List<Tensor> own(List<Tensor> references) {
        try (PointerScope scope = new PointerScope()) {
            return references.stream()
                    .map(r -> Memory.detached(r.detach().contiguous()))
                    .toList();
        }
    }

    /** A direction that is only ever assigned. */
    static Direction assigned(Tensor vector) {
        return new Direction(List.of(), List.of(vector), List.of(vector), List.of());
    }

    /** Takes V, ‖V‖ and ‖θ‖ afresh from the parameters. */
    public void refresh() {
        run(vectorArrays);
    }

    /** Takes ‖V‖ and ‖θ‖ afresh and leaves {@link #vector} as it is. */
    public void refreshNorms() {
        run(null);
    }

    private void run(@Nullable gm_array target) {
        requireOpen();
        if (references.isEmpty()) throw new IllegalStateException("this direction has no reference; it is assigned");
        args.direction(target);
        Kernels.direction(queue, args, workspace);
    }

    /** Makes V = −gradient for the only vector there is: then a score is ⟨g_i, gradient⟩/‖gradient‖. */
    void assignNegated(Tensor gradient) {
        requireOpen();
        Tensor vector = vectors.get(0);
        try (PointerScope scope = new PointerScope();
                gm_projected_dot_args dot = new gm_projected_dot_args()) {
            torch.neg_out(vector, gradient);
            Tensor flat = vector.reshape(-1);
            Tensors.describe(dot.gradient(), flat.reshape(1, -1).narrow(0, 0, 0));
            Tensors.describe(dot.direction(), flat);
            dot.dot().data(null);
            dot.norm_squared().data(null);
            dot.direction_norm_squared(norms);
            Kernels.projectedDot(queue, dot, workspace);
            norms.put(1, norms.get(0));
        }
    }

    /** V of parameter k, as of the last refresh. */
    public Tensor vector(int k) {
        requireOpen();
        return vectors.get(k);
    }

    /** ‖V_k‖² of one parameter. */
    public double normSquared(int k) {
        requireOpen();
        return norms.get(k);
    }

    /** ‖V‖² over all parameters. */
    public double normSquared() {
        requireOpen();
        return norms.get(vectors.size());
    }

    /** ‖θ_k‖². */
    public double parameterNormSquared(int k) {
        requireOpen();
        return norms.get(vectors.size() + 1L + k);
    }

    /** Where the kernels read ‖V_0‖². */
    DoublePointer normSquaredPointer() {
        return norms;
    }

    private void requireOpen() {
        if (closed) throw new IllegalStateException("this direction is closed");
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        workspace.close();
        owned.forEach(Tensor::deallocate);
        for (var pointer : List.of(queue, args, referenceArrays, parameterArrays, vectorArrays, norms)) {
            pointer.deallocate();
        }
    }
}
