/** Names of samples: which file or key each number stands for, and what the classes are called. */
@NullMarked
package org.gradmimic.io.sample;

import org.jspecify.annotations.NullMarked;
