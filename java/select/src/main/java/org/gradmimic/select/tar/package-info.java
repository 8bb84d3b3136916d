/** Tar archives, read as streams and checked to their end. */
@NullMarked
package org.gradmimic.select.tar;

import org.jspecify.annotations.NullMarked;
