/**
 * The command {@code gradmimic}: one class per subcommand over {@link org.gradmimic.cli.CommonOptions}. Only {@link
 * org.gradmimic.cli.ErrorReporter} turns errors into one line and an exit code. Results go to standard output,
 * everything else to standard error.
 */
@NullMarked
package org.gradmimic.cli;

import org.jspecify.annotations.NullMarked;
