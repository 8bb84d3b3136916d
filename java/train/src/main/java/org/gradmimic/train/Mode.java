package org.gradmimic.train;

/** How a training run weighs its samples. */
public enum Mode {
    /** Plain training. */
    SGD("sgd"),
    /** Grad-Mimic: by the gradient's projection toward a reference model. */
    MIMIC("mimic"),
    /** softmax of the gradient norms (Paul et al., NeurIPS 2021). */
    GRAND("grand"),
    /** Agreement with the gradient of another random batch (Sachdeva et al.). */
    AGRA("agra"),
    /** Agreement with the gradient of a few clean samples. */
    INFLUENCE("influence"),
    /** softmax of the excess over the reference's loss (Mindermann et al., ICML 2022). */
    RHO("rho"),
    /** Weights whose gradients add up to the batch's mean gradient (Killamsetty et al., ICML 2021). */
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
