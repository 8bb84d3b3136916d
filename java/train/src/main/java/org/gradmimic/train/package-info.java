/** Training loops over the scoring API: a linear head on frozen features, in all modes of the method. */
@NullMarked
package org.gradmimic.train;

import org.jspecify.annotations.NullMarked;
