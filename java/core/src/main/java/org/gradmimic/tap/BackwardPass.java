package org.gradmimic.tap;

/** What is left to do of a step once its scores are there. */
interface BackwardPass extends AutoCloseable {
    /**
     * Adds the step's gradients to those of the parameters.
     *
     * @param weights [B] w_i
     * @param share of the batch in what one step of the optimiser sees; scales everything
     */
    void run(float[] weights, double share);

    @Override
    void close();
}
