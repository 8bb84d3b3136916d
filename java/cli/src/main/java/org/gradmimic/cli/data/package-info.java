/** The commands that prepare data sets: {@code gradmimic data}. */
@NullMarked
package org.gradmimic.cli.data;

import org.jspecify.annotations.NullMarked;
