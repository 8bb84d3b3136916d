/**
 * The command {@code gradmimic}: one class per subcommand over {@link org.gradmimic.cli.CommonOptions}, errors turned
 * into one line and an exit code in {@link org.gradmimic.cli.ErrorReporter} alone. Results go to standard output,
 * everything else to standard error.
 */
@NullMarked
package org.gradmimic.cli;

import org.jspecify.annotations.NullMarked;
