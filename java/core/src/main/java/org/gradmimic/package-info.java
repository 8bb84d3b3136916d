/**
 * Mimic scores and Grad-Mimic over LibTorch. What scores is kept apart from what trains: a
 * {@link org.gradmimic.Direction} says where the reference model lies, a head
 * ({@link org.gradmimic.MimicHead}) or layers that record their activations ({@link org.gradmimic.layer.RecordingLayers}) say how far each sample's gradient points there, a {@link org.gradmimic.Weighting} turns
 * scores into weights, a {@link org.gradmimic.ScoreTable} keeps them. Training loops, whether the user's or
 * {@code org.gradmimic.train}'s, only call these.
 *
 * <p>Symbols, here and below, are those of the paper (Huang et al., "Evaluating Sample Utility for Efficient Data Selection
 * by Mimicking Model Weights", ICML 2026, arXiv 2501.06708): B samples in a batch, C classes, D features, V = θ_ref − θ,
 * g_i the gradient of sample i's own loss.
 */
@NullMarked
package org.gradmimic;

import org.jspecify.annotations.NullMarked;
