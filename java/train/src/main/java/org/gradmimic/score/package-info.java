/** Scores feature files of any size by a fixed head, and samples by the parameters of a model. */
@NullMarked
package org.gradmimic.score;

import org.jspecify.annotations.NullMarked;
