/**
 * DataComp's pools: metadata in Parquet, and the baseline filters of the DataComp paper, as filters that can be
 * combined with others.
 *
 * @see <a href="https://github.com/mlfoundations/datacomp">mlfoundations/datacomp</a>
 */
@NullMarked
package org.gradmimic.select.datacomp;

import org.jspecify.annotations.NullMarked;
