/** The label model: how reliable each epoch's votes are, estimated from their agreements alone. */
@NullMarked
package org.gradmimic.select.labelmodel;

import org.jspecify.annotations.NullMarked;
