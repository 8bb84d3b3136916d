package org.gradmimic.layer;

import org.jspecify.annotations.Nullable;

/**
 * What a mimic layer says of a batch of B samples.
 *
 * @param losses [B] ℓ_i
 * @param scores [K][B], one row for each reference: ⟨−g_i, V⟩/‖V‖ over all of the mimic layer's parameters; 0 where ‖V‖ = 0
 * @param gradientNorms [B] ‖g_i‖ over all of them; null if they weren't asked for
 * @param directionNorms [K] ‖V‖
 */
public record LayerScores(
        double[] losses, double[][] scores, double @Nullable [] gradientNorms, double[] directionNorms) {}
