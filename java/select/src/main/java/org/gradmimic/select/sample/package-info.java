/** Subsets in which a sample may occur several times, drawn at random. */
@NullMarked
package org.gradmimic.select.sample;

import org.jspecify.annotations.NullMarked;
