/** Numerical helpers that several packages share; not part of the API. */
@NullMarked
package org.gradmimic.select.internal;

import org.jspecify.annotations.NullMarked;
