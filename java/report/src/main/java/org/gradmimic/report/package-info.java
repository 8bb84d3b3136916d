/** Charts as PNG files. They need fonts on the machine, but no display. */
@NullMarked
package org.gradmimic.report;

import org.jspecify.annotations.NullMarked;
