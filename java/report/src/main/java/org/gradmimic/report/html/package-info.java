/** The report of runs as one HTML page that needs no network; docs/report.md. Begin with {@link org.gradmimic.report.html.Report}. */
@NullMarked
package org.gradmimic.report.html;

import org.jspecify.annotations.NullMarked;
