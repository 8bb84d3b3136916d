package org.gradmimic;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;

/**
 * Frees the LibTorch objects that this thread makes while it is open: tensors, modules, optimisers. The garbage collector frees
 * them too late, because it does not see their native memory. Open a scope in every iteration of a loop over batches:
 *
 * <pre>{@code
 * for (Batch batch : loader) {
 *     try (TensorScope scope = TensorScope.open()) {
 *         optimizer.zero_grad();
 *         head.step(backbone.forward(batch.x()), batch.labels(), batch.ids()).backward();
 *         optimizer.step();
 *     }
 * }
 * }</pre>
 *
 * <p>Objects made outside are not freed. Scopes can be nested; each frees its own objects. {@link #keep} takes an object out.
 *
 * <p>A scope is a JavaCPP {@link PointerScope} under a name that says what it is for; both kinds can be mixed.
 */
public final class TensorScope implements AutoCloseable {
    private final PointerScope scope = new PointerScope();
    private boolean closed;

    private TensorScope() {}

    /** Opens a scope in this thread. The same thread closes it, before the scopes around it. */
    public static TensorScope open() {
        return new TensorScope();
    }

    /**
     * Takes an object out of this scope. The caller closes it.
     *
     * @return the same object
     */
    public <P extends Pointer> P keep(P object) {
        object.retainReference();
        scope.detach(object);
        return object;
    }

    /** Frees what was made while it was open. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        scope.close();
    }
}
