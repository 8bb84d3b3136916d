/** Charts as PNG files, drawn with OpenCV only: no AWT, no font on the machine, no display. */
@NullMarked
package org.gradmimic.report;

import org.jspecify.annotations.NullMarked;
