/**
 * {@code gradmimic doctor}: looks at the machine and at every native library gradmimic needs, and says in words what is
 * wrong and what to do about it. Each check stands alone: whatever fails to load becomes a finding, not a failure.
 */
@NullMarked
package org.gradmimic.cli.doctor;

import org.jspecify.annotations.NullMarked;
