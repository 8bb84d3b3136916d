/** What {@code org.gradmimic.device} and {@code org.gradmimic.internal} both stand on. This package is not part of the API. */
@NullMarked
package org.gradmimic.device.internal;

import org.jspecify.annotations.NullMarked;
