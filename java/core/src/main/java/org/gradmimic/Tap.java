package org.gradmimic;

import org.bytedeco.pytorch.Tensor;

/**
 * What scoring needs of a layer: its per-sample gradients' inner products with a direction and their norms, without the
 * gradients. One kind of layer, one implementation.
 */
public interface Tap extends AutoCloseable {
    /** ⟨g_i, V⟩ for V of this layer's parameter, [B] float; the mimic score is −dot/‖V‖. */
    Tensor dot(Tensor direction);

    /** ‖g_i‖², [B] float. */
    Tensor normSquared();

    /** m_i = ⟨−g_i, V⟩/‖V‖ toward parameter {@code k} of a direction, [B] float; 0 where ‖V‖ = 0. */
    default Tensor score(Direction direction, int k) {
        double norm = Math.sqrt(direction.normSquared(k));
        Tensor dot = dot(direction.vector(k));
        return norm == 0 ? dot.zero_() : dot.mul_(new org.bytedeco.pytorch.Scalar(-1 / norm));
    }

    @Override
    void close();
}
