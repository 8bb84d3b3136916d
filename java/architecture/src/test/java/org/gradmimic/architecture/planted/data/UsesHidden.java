package org.gradmimic.architecture.planted.data;

import org.gradmimic.architecture.planted.core.internal.Hidden;

/** Another module's internals. */
final class UsesHidden {
    final Hidden[] hidden = {};
}
