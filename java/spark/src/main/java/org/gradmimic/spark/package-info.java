/**
 * Filters on an Apache Spark cluster: the rules and statistics of {@code org.gradmimic.select}, with the passes over
 * the scores distributed to executors. The filter equals the one that a single machine makes, down to the last sample.
 * See docs/spark.md.
 */
@NullMarked
package org.gradmimic.spark;

import org.jspecify.annotations.NullMarked;
