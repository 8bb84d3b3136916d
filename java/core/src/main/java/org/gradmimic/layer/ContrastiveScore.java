package org.gradmimic.layer;

/** How a sample's score is defined if the loss couples samples. */
public enum ContrastiveScore {
    /** −dℓ_i/‖V‖, the derivative of the sample's loss as the mimic layer moves toward its reference. */
    EXACT,
    /**
     * ⟨−g_i, V⟩/‖V‖ with δ = B ∂(mean loss)/∂(output of the layer for sample i), as if samples were not coupled:
     * cheaper. Sums over the batch agree with {@link #EXACT}; the values of single samples need not even correlate.
     */
    PATH;

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
