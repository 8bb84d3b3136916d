/**
 * Models that turn pictures into features: a small convolutional network of gradmimic's own with its trainer, TorchScript
 * files from elsewhere, and the embedder that streams a data set through either.
 */
@NullMarked
package org.gradmimic.model;

import org.jspecify.annotations.NullMarked;
