package org.gradmimic.model;

import org.gradmimic.base.InvalidArgumentException;

/**
 * How a backbone trains: SGD with Nesterov's momentum, whose learning rate rises in the first fifth of the steps and falls
 * to zero in the rest.
 *
 * @param epochs passes over the images
 * @param batchSize images a step; a shorter last batch is left out unless it is the only one
 * @param learningRate the highest
 * @param momentum of the gradients
 * @param weightDecay added to the gradients
 * @param labelSmoothing share of a label's certainty that is spread over all classes
 * @param shift images are moved by up to so many pixels each way, their edges repeated
 * @param flips mirror every other image; right for photographs, wrong for letters
 * @param seed of the order and the changes to the images
 */
public record TrainerSettings(
        int epochs,
        int batchSize,
        double learningRate,
        double momentum,
        double weightDecay,
        double labelSmoothing,
        int shift,
        boolean flips,
        long seed) {

    public TrainerSettings {
        if (epochs < 1 || batchSize < 2 || shift < 0) {
            throw new InvalidArgumentException("epochs " + epochs + ", batchSize " + batchSize + ", shift " + shift
                    + "; expected at least 1, 2 (batch normalisation) and 0");
        }
        requireIn("learningRate", learningRate, 10);
        requireIn("momentum", momentum, 1);
        requireIn("weightDecay", weightDecay, 1);
        requireIn("labelSmoothing", labelSmoothing, 1);
    }

    private static void requireIn(String name, double value, double limit) {
        if (!(value >= 0 && value < limit)) {
            throw new InvalidArgumentException(name + " " + value + "; expected 0 to less than " + limit);
        }
    }

    /** What was found to work in a minute or less on a few thousand images of 32×32; see docs/demo.md. */
    public static TrainerSettings standard(int epochs, boolean flips, long seed) {
        return new TrainerSettings(epochs, 128, 0.1, 0.9, 5e-4, 0.1, 2, flips, seed);
    }

    /** The learning rate of one step: a triangle with its top at a fifth of the way. */
    double rate(long step, long steps) {
        double done = (step + 0.5) / steps;
        double top = 0.2;
        return learningRate * (done < top ? done / top : (1 - done) / (1 - top));
    }
}
