/**
 * Samples identified by 128-bit uids, as in DataComp: 32 hexadecimal digits, represented by two unsigned longs, the
 * high and the low 64 bits. Pools of uids are streamed. Subsets are sorted files that are searched in place. Memory use
 * is constant.
 */
@NullMarked
package org.gradmimic.select.uid;

import org.jspecify.annotations.NullMarked;
