/** Scores of samples over epochs: the Parquet score log with its writer and readers, {@code .npy} files, labels, single columns of values. */
@NullMarked
package org.gradmimic.select.score;

import org.jspecify.annotations.NullMarked;
