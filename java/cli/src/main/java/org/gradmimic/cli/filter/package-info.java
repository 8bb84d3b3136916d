/** {@code gradmimic filter} and its subcommands: from scores to filters, and from filters to data sets. */
@NullMarked
package org.gradmimic.cli.filter;

import org.jspecify.annotations.NullMarked;
