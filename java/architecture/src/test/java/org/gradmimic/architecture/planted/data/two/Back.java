package org.gradmimic.architecture.planted.data.two;

import org.gradmimic.architecture.planted.data.one.There;

/** The other half. */
public final class Back {
    There there;
}
