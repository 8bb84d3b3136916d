/** {@code gradmimic filter} and its subcommands: make filters from scores, and data sets from filters. */
@NullMarked
package org.gradmimic.cli.filter;

import org.jspecify.annotations.NullMarked;
