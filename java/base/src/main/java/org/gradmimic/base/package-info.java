/** The foundation of every module: the exceptions that gradmimic throws and its random generator. */
@NullMarked
package org.gradmimic.base;

import org.jspecify.annotations.NullMarked;
