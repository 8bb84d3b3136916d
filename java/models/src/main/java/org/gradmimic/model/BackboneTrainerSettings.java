package org.gradmimic.model;

import org.gradmimic.base.InvalidArgumentException;

/**
 * How a backbone is trained: SGD with Nesterov momentum. The learning rate rises during the first fifth of the steps
 * and falls to zero during the rest.
 *
 * @param epochs passes over the images
 * @param batchSize images per step; an incomplete last batch is left out unless it is the only one
 * @param learningRate the highest learning rate
 * @param momentum of the gradients
 * @param weightDecay added to the gradients
 * @param labelSmoothing fraction of a label's probability that is spread over all classes
 * @param shift images are shifted by at most this many pixels in each direction; edge pixels are repeated
 * @param flips whether half of the images are mirrored; right for photographs, wrong for letters
 * @param seed of the order of the images and of their augmentation
 */
public record BackboneTrainerSettings(
        int epochs,
        int batchSize,
        double learningRate,
        double momentum,
        double weightDecay,
        double labelSmoothing,
        int shift,
        boolean flips,
        long seed) {

    public BackboneTrainerSettings {
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

    /**
     * A builder with defaults that were found to work in a minute or less on a few thousand images of 32×32
     * (docs/demo.md): 8 epochs, batches of 128, a learning rate of 0.1, momentum 0.9, weight decay 5e-4, label
     * smoothing 0.1, shifts of 2 pixels, flips, and the seed 0.
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects settings; {@link #build} checks them. */
    public static final class Builder {
        private int epochs = 8;
        private int batchSize = 128;
        private double learningRate = 0.1;
        private double momentum = 0.9;
        private double weightDecay = 5e-4;
        private double labelSmoothing = 0.1;
        private int shift = 2;
        private boolean flips = true;
        private long seed;

        private Builder() {}

        /** Sets the number of passes over the images. */
        public Builder epochs(int value) {
            epochs = value;
            return this;
        }

        /** Sets the number of images per step. */
        public Builder batchSize(int value) {
            batchSize = value;
            return this;
        }

        /** Sets the highest learning rate. */
        public Builder learningRate(double value) {
            learningRate = value;
            return this;
        }

        /** Sets the momentum of the gradients. */
        public Builder momentum(double value) {
            momentum = value;
            return this;
        }

        /** Sets the weight decay, which is added to the gradients. */
        public Builder weightDecay(double value) {
            weightDecay = value;
            return this;
        }

        /** Sets the fraction of a label's probability that is spread over all classes. */
        public Builder labelSmoothing(double value) {
            labelSmoothing = value;
            return this;
        }

        /** Sets the largest shift of an image in each direction, in pixels. */
        public Builder shift(int value) {
            shift = value;
            return this;
        }

        /** Sets whether half of the images are mirrored. */
        public Builder flips(boolean value) {
            flips = value;
            return this;
        }

        /** Sets the seed of the order of the images and of their augmentation. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Builds the settings.
         *
         * @throws InvalidArgumentException if one is out of range
         */
        public BackboneTrainerSettings build() {
            return new BackboneTrainerSettings(
                    epochs, batchSize, learningRate, momentum, weightDecay, labelSmoothing, shift, flips, seed);
        }
    }

    /** The learning rate of one step: a triangle with its peak after a fifth of the steps. */
    double rate(long step, long steps) {
        double done = (step + 0.5) / steps;
        double top = 0.2;
        return learningRate * (done < top ? done / top : (1 - done) / (1 - top));
    }
}
