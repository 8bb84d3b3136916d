/**
 * Models and their weights. Vision transformers, ResNets and CLIP under the names torchvision and open_clip give their
 * parameters, as {@link org.gradmimic.model.Model}s that compute through {@link org.gradmimic.layer.Layers}; files of
 * weights, read without running them; and models that turn images into features: a small convolutional network of
 * gradmimic's own with its trainer, TorchScript files from elsewhere, and the embedder that streams a data set through
 * either.
 */
@NullMarked
package org.gradmimic.model;

import org.jspecify.annotations.NullMarked;
