/** Scoring of WebDataset shards over an Apache Spark cluster. */
@NullMarked
package org.gradmimic.spark.score;

import org.jspecify.annotations.NullMarked;
