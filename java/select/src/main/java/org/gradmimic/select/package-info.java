/** Score log, votes, label model and filters: what is done with scores once they are there. No LibTorch in it. */
@NullMarked
package org.gradmimic.select;

import org.jspecify.annotations.NullMarked;
