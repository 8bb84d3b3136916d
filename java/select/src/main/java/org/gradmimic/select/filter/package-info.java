/** Filters as files, their combination by expressions, and their comparison. */
@NullMarked
package org.gradmimic.select.filter;

import org.jspecify.annotations.NullMarked;
