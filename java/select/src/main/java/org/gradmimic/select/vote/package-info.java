/** Rules that split the values of an epoch into those to keep and those to discard, and the order-free statistics they decide by. */
@NullMarked
package org.gradmimic.select.vote;

import org.jspecify.annotations.NullMarked;
