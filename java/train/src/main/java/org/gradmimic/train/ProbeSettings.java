package org.gradmimic.train;

import org.gradmimic.Calibration;
import org.gradmimic.Weighting;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * How a linear probe trains.
 *
 * @param mode how samples are weighed
 * @param score for mimic, influence ({@code normed_proj}) and grad-match ({@code opt})
 * @param temperature τ
 * @param lambda λ of opt
 * @param rhoAttached differentiate through rho's weights
 * @param calibration which parameters the weights reach
 * @param optimizer LibTorch's optimiser
 * @param classes C
 * @param batchSize B; the last batch of an epoch may be shorter
 * @param epochs E
 * @param startingEpoch plain training before this epoch (counted from 0)
 * @param seed of initial weights, order and comparison batches
 * @param order [E][N] sample indices; null: a fresh permutation every epoch
 * @param agraComparison [E][steps][B] indices of agra's comparison batches; null: drawn
 */
public record ProbeSettings(
        Mode mode,
        Weighting.Kind score,
        double temperature,
        double lambda,
        boolean rhoAttached,
        Calibration calibration,
        OptimizerSettings optimizer,
        int classes,
        int batchSize,
        int epochs,
        int startingEpoch,
        long seed,
        long @Nullable [][] order,
        long @Nullable [][][] agraComparison) {

    public ProbeSettings {
        requirePositive("the batch size", batchSize);
        requirePositive("the number of epochs", epochs);
        requirePositive("the number of classes", classes);
        if (startingEpoch < 0) {
            throw new InvalidArgumentException("the starting epoch is " + startingEpoch + "; it must not be negative");
        }
        score.requireOfScores();
        // Checks both numbers, whether or not the mode uses them.
        new Weighting(Weighting.Kind.UNIFORM, temperature, lambda, rhoAttached);
    }

    private static void requirePositive(String what, int value) {
        if (value < 1) throw new InvalidArgumentException(what + " is " + value + "; it must be positive");
    }

    /** How the mode weighs from the starting epoch on. */
    public Weighting weighting() {
        return weighting(mode, score, temperature, lambda, rhoAttached);
    }

    private static Weighting weighting(
            Mode mode, Weighting.Kind score, double temperature, double lambda, boolean rhoAttached) {
        return switch (mode) {
            case SGD -> Weighting.uniform();
            case MIMIC -> Weighting.of(score, temperature, lambda);
            case GRAND -> Weighting.grand();
            case AGRA -> Weighting.agra();
            case INFLUENCE -> Weighting.normedProj(temperature);
            case RHO -> Weighting.rho(rhoAttached);
            case GRAD_MATCH -> Weighting.opt(lambda);
        };
    }
}
