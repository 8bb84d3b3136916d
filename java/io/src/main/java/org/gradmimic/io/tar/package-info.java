/** Tar archives, read as streams and checked to their end. */
@NullMarked
package org.gradmimic.io.tar;

import org.jspecify.annotations.NullMarked;
