package org.gradmimic.train;

import java.util.List;

/**
 * A trained head.
 *
 * @param weight [C·D] row-major
 * @param bias [C]
 * @param epochs metrics of every finished epoch
 * @param stopped whether the listener stopped the training before its last epoch
 */
public record ProbeResult(float[] weight, float[] bias, List<EpochMetrics> epochs, boolean stopped) {}
