/**
 * Filters over an Apache Spark cluster: the rules and statistics of {@code org.gradmimic.select}, with the passes over
 * the scores spread over executors. The filter is the one that a single machine makes, to the last sample. See
 * docs/spark.md.
 */
@NullMarked
package org.gradmimic.spark;

import org.jspecify.annotations.NullMarked;
