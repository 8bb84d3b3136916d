package org.gradmimic.train;

/** How a training run weights its samples. */
public enum Mode {
    /** Plain training. */
    SGD("sgd"),
    /** Grad-Mimic: weights by the projection of the gradient toward a reference model. */
    MIMIC("mimic"),
    /** Softmax of the gradient norms (Paul et al., NeurIPS 2021). */
    GRAND("grand"),
    /** Agreement with the gradient of another random batch (Sachdeva et al.). */
    AGRA("agra"),
    /** Agreement with the gradient of a few clean samples. */
    INFLUENCE("influence"),
    /** Softmax of the excess over the reference's loss (Mindermann et al., ICML 2022). */
    RHO("rho"),
    /** Weights under which the gradients sum to the batch's mean gradient (Killamsetty et al., ICML 2021). */
    GRAD_MATCH("grad-match");

    private final String label;

    Mode(String label) {
        this.label = label;
    }

    @Override
    public String toString() {
        return label;
    }
}
