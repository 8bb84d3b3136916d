/**
 * Rules that split the values of an epoch into those to keep and those to discard, and the order-independent statistics
 * on which the rules decide.
 */
@NullMarked
package org.gradmimic.select.vote;

import org.jspecify.annotations.NullMarked;
