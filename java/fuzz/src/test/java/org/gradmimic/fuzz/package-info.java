/**
 * Mutated files and texts against every reader. Each case must be read, or be refused by a
 * {@link org.gradmimic.base.GradmimicException}, within bounds of time and memory. docs/robustness.md says how to run it for
 * hours.
 */
@NullMarked
package org.gradmimic.fuzz;

import org.jspecify.annotations.NullMarked;
