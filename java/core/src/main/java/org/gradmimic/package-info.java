/**
 * Mimic scores and Grad-Mimic over LibTorch. Scoring is separate from training. A {@link org.gradmimic.Direction}
 * points toward the reference model. A head ({@link org.gradmimic.MimicHead}), or layers that record their activations
 * ({@link org.gradmimic.layer.RecordingLayers}), compute how far each sample's gradient points in that direction. A
 * {@link org.gradmimic.Weighting} turns scores into weights, and a {@link org.gradmimic.ScoreTable} stores them.
 * Training loops, the user's own or those of {@code org.gradmimic.train}, only call these.
 *
 * <p>Symbols, here and below, are those of the paper (Huang et al., "Evaluating Sample Utility for Efficient Data
 * Selection by Mimicking Model Weights", ICML 2026, arXiv 2501.06708): B samples in a batch, C classes, D features, V =
 * θ_ref − θ, g_i the gradient of sample i's own loss.
 */
@NullMarked
package org.gradmimic;

import org.jspecify.annotations.NullMarked;
