/** Numerical helpers that several packages share. Not part of the API. */
@NullMarked
package org.gradmimic.select.internal;

import org.jspecify.annotations.NullMarked;
