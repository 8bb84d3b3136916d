package org.gradmimic.train;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.device.Device;
import org.jspecify.annotations.Nullable;

/**
 * What a linear probe trains on. Features are float, labels long.
 *
 * @param features [N,D]
 * @param labels [N], possibly noisy
 * @param referenceWeight [C,D]; needed by mimic, and by rho
 * @param referenceBias [C]; used by rho's reference loss
 * @param initialWeight [C,D]; null: torch's default from the seed
 * @param initialBias [C]; null: torch's default from the seed
 * @param trueLabels [N], to measure accuracy against
 * @param testFeatures [M,D]
 * @param testLabels [M]
 * @param cleanFeatures [K,D], the few clean samples of influence
 * @param cleanLabels [K]
 */
public record ProbeData(
        Tensor features,
        Tensor labels,
        @Nullable Tensor referenceWeight,
        @Nullable Tensor referenceBias,
        @Nullable Tensor initialWeight,
        @Nullable Tensor initialBias,
        @Nullable Tensor trueLabels,
        @Nullable Tensor testFeatures,
        @Nullable Tensor testLabels,
        @Nullable Tensor cleanFeatures,
        @Nullable Tensor cleanLabels) {
    /** The same on a device; what is there already is not copied. */
    ProbeData on(Device device) {
        return new ProbeData(
                device.move(features),
                device.move(labels),
                device.moveIfThere(referenceWeight),
                device.moveIfThere(referenceBias),
                device.moveIfThere(initialWeight),
                device.moveIfThere(initialBias),
                device.moveIfThere(trueLabels),
                device.moveIfThere(testFeatures),
                device.moveIfThere(testLabels),
                device.moveIfThere(cleanFeatures),
                device.moveIfThere(cleanLabels));
    }
}
