/**
 * From scores to a filter: the Parquet score log, votes per epoch and their aggregation over epochs.
 *
 * <p>This is the lowest module of gradmimic. It needs no LibTorch and no native core, so a log can be read and a
 * filter made on a machine that could not train the model.
 */
@NullMarked
package org.gradmimic.select;

import org.jspecify.annotations.NullMarked;
