package org.gradmimic.trainer;

import java.util.List;

/**
 * What a training has measured.
 *
 * @param epochs the finished epochs
 * @param bestEpoch the epoch with the best top-1 accuracy on the evaluation split; negative without one
 * @param stopped whether the listener ended the training
 */
public record TrainResult(List<EpochReport> epochs, int bestEpoch, boolean stopped) {
    public TrainResult {
        epochs = List.copyOf(epochs);
    }
}
