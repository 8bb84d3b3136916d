package org.gradmimic.demo;

import java.util.List;
import org.gradmimic.Calibration;
import org.gradmimic.Weighting;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.model.BackboneTrainerSettings;
import org.gradmimic.train.Mode;
import org.gradmimic.train.OptimizerSettings;
import org.gradmimic.train.ProbeSettings;

/**
 * The settings of the demo. The reference, plain and Grad-Mimic heads share everything except the mode. docs/demo.md
 * reports what was tried.
 *
 * @param cleanShare share of the training images that train the backbone and the reference, and are left out afterwards
 * @param noise share of the other labels that are corrupted
 * @param backboneEpochs of the backbone
 * @param flips whether mirrored images show the same class
 * @param epochs of the heads
 * @param batchSize of the heads
 * @param learningRate of the heads' AdamW
 * @param temperature τ of Grad-Mimic
 * @param seed determines the split, noise, initial weights and sample order
 */
public record DemoSettings(
        double cleanShare,
        double noise,
        int backboneEpochs,
        boolean flips,
        int epochs,
        int batchSize,
        double learningRate,
        double temperature,
        long seed) {
    private static final double WEIGHT_DECAY = 1e-5;

    /**
     * Kinds of data sets with photographs. The others contain letters and digits, whose mirror images are not the same
     * class.
     */
    private static final List<String> PHOTOGRAPHS = List.of("images:", "cifar10:", "cifar100:");

    public DemoSettings {
        requireShare("the clean share", cleanShare);
        requireShare("the noise", noise);
        requirePositive("the number of backbone epochs", backboneEpochs);
        requirePositive("the number of epochs", epochs);
        requirePositive("the batch size", batchSize);
        requirePositive("the learning rate", learningRate);
        requirePositive("the temperature", temperature);
    }

    private static void requireShare(String what, double share) {
        if (!(share > 0 && share < 1)) {
            throw new InvalidArgumentException(what + " is " + share + "; it must be between 0 and 1");
        }
    }

    private static void requirePositive(String what, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new InvalidArgumentException(what + " is " + value + "; it must be positive");
        }
    }

    /** Settings that take a minute or two on two cores for 50,000 images. */
    public static DemoSettings standard(ImageDataset dataset) {
        boolean flips = PHOTOGRAPHS.stream().anyMatch(dataset.spec()::startsWith);
        return new DemoSettings(0.2, 0.4, 8, flips, 8, 32, 1e-3, 0.25, 1);
    }

    /** These settings with another share of corrupted labels. */
    public DemoSettings withNoise(double value) {
        return new DemoSettings(
                cleanShare, value, backboneEpochs, flips, epochs, batchSize, learningRate, temperature, seed);
    }

    /** These settings with another number of epochs of the heads. */
    public DemoSettings withEpochs(int value) {
        return new DemoSettings(
                cleanShare, noise, backboneEpochs, flips, value, batchSize, learningRate, temperature, seed);
    }

    /** These settings with another number of epochs of the backbone. */
    public DemoSettings withBackboneEpochs(int value) {
        return new DemoSettings(cleanShare, noise, value, flips, epochs, batchSize, learningRate, temperature, seed);
    }

    /** These settings with another learning rate of the heads. */
    public DemoSettings withLearningRate(double value) {
        return new DemoSettings(cleanShare, noise, backboneEpochs, flips, epochs, batchSize, value, temperature, seed);
    }

    /** These settings with another τ. */
    public DemoSettings withTemperature(double value) {
        return new DemoSettings(cleanShare, noise, backboneEpochs, flips, epochs, batchSize, learningRate, value, seed);
    }

    /** These settings with another seed. */
    public DemoSettings withSeed(long value) {
        return new DemoSettings(
                cleanShare, noise, backboneEpochs, flips, epochs, batchSize, learningRate, temperature, value);
    }

    BackboneTrainerSettings trainer() {
        return BackboneTrainerSettings.builder()
                .epochs(backboneEpochs)
                .flips(flips)
                .seed(seed)
                .build();
    }

    ProbeSettings probe(Mode mode, int classes) {
        OptimizerSettings adamW = new OptimizerSettings(OptimizerSettings.Kind.ADAMW, learningRate, WEIGHT_DECAY, 0);
        return new ProbeSettings(
                mode,
                Weighting.Kind.NORMED_PROJ,
                temperature,
                0,
                false,
                Calibration.LAYER,
                adamW,
                classes,
                batchSize,
                epochs,
                0,
                seed,
                null,
                null);
    }
}
