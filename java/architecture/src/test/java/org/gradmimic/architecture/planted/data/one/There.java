package org.gradmimic.architecture.planted.data.one;

import org.gradmimic.architecture.planted.data.two.Back;

/** Half of a circle. */
public final class There {
    Back back;
}
