/**
 * Samples named by 128-bit uids, as in DataComp: 32 hexadecimal digits, here two longs, the high and the low 64 bits,
 * unsigned. Pools of uids are streamed, subsets are sorted files that are searched where they lie; memory stays constant.
 */
@NullMarked
package org.gradmimic.select.uid;

import org.jspecify.annotations.NullMarked;
