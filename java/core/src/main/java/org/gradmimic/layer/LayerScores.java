package org.gradmimic.layer;

import org.jspecify.annotations.Nullable;

/**
 * The scores of a mimic layer for a batch of B samples.
 *
 * @param losses [B] ℓ_i
 * @param scores [K][B], one row per reference: ⟨−g_i, V⟩/‖V‖ over all of the mimic layer's parameters; 0 if ‖V‖ = 0
 * @param gradientNorms [B] ‖g_i‖ over all of them; null if they were not requested
 * @param directionNorms [K] ‖V‖
 */
public record LayerScores(
        double[] losses, double[][] scores, double @Nullable [] gradientNorms, double[] directionNorms) {}
