package org.gradmimic;

/** What a mimic score is turned into. */
public enum ScoreKind {
    /** m_i = ⟨−g_i, V⟩/‖V‖. */
    PROJ("proj"),
    /** m_i/‖g_i‖. */
    COS("cos"),
    /** softmax(m/τ) over the batch. */
    NORMED_PROJ("normed_proj"),
    /** softmax(cos/τ) over the batch. */
    NORMED_COS("normed_cos"),
    /** The weights that bring the weighted gradients nearest to V. */
    OPT("opt");

    private final String label;

    ScoreKind(String label) {
        this.label = label;
    }

    /** The weighting of this kind. */
    public Weighting weighting(double temperature, double lambda) {
        return switch (this) {
            case PROJ -> Weighting.proj();
            case COS -> Weighting.cos();
            case NORMED_PROJ -> Weighting.normedProj(temperature);
            case NORMED_COS -> Weighting.normedCos(temperature);
            case OPT -> Weighting.opt(lambda);
        };
    }

    @Override
    public String toString() {
        return label;
    }
}
