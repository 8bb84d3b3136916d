/** Filters on disk, combined by expressions, compared and judged. */
@NullMarked
package org.gradmimic.select.filter;

import org.jspecify.annotations.NullMarked;
