/** The label model: the reliability of each epoch's votes, estimated from their agreements alone. */
@NullMarked
package org.gradmimic.select.labelmodel;

import org.jspecify.annotations.NullMarked;
