/** Scoring feature files of any size against a fixed head. */
@NullMarked
package org.gradmimic.score;

import org.jspecify.annotations.NullMarked;
