/**
 * DataComp's pools: metadata in Parquet, and the baseline filters of its paper, so that they combine with others.
 *
 * @see <a href="https://github.com/mlfoundations/datacomp">mlfoundations/datacomp</a>
 */
@NullMarked
package org.gradmimic.select.datacomp;

import org.jspecify.annotations.NullMarked;
