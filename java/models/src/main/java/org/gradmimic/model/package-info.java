/**
 * Models and their weights. Vision transformers, ResNets and CLIP, with the parameter names of torchvision and
 * open_clip, are {@link org.gradmimic.model.Model}s that compute through {@link org.gradmimic.layer.Layers}. Weights
 * files are read without running code in them. Backbones turn images into features: gradmimic's own small convolutional
 * network with its trainer, or TorchScript files from elsewhere. The embedder streams a data set through either.
 */
@NullMarked
package org.gradmimic.model;

import org.jspecify.annotations.NullMarked;
