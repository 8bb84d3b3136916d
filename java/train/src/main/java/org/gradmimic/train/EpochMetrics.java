package org.gradmimic.train;

import java.util.List;

/**
 * The metrics of one epoch of a probe. Ratios are in [0,1]. A metric whose data was not given is NaN.
 *
 * @param epoch counted from 0
 * @param meanLoss mean of the batches' mean losses, each before its step
 * @param batchLosses the mean losses of the batches
 * @param noisyAccuracy accuracy on the training labels, after the epoch
 * @param trueAccuracy accuracy on the true labels
 * @param testAccuracy accuracy on the test set
 * @param testLoss mean cross-entropy on the test set
 * @param directionNorm ‖V‖ at the epoch's last step; NaN for modes without a direction
 * @param nonFinite ids of samples without a finite loss or score
 * @param seconds of training, without evaluation
 */
public record EpochMetrics(
        int epoch,
        double meanLoss,
        List<Double> batchLosses,
        double noisyAccuracy,
        double trueAccuracy,
        double testAccuracy,
        double testLoss,
        double directionNorm,
        List<Long> nonFinite,
        double seconds) {}
