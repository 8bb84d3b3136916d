/**
 * {@code gradmimic doctor}: checks the machine and every native library that gradmimic needs, and explains what is
 * wrong and how to fix it. The checks are independent: a library that fails to load becomes a finding, not a failure.
 */
@NullMarked
package org.gradmimic.cli.doctor;

import org.jspecify.annotations.NullMarked;
