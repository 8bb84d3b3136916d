package org.gradmimic.architecture.planted.core;

import java.util.List;
import org.gradmimic.architecture.planted.core.internal.Hidden;

/** Shows guests what they cannot name. */
public final class Exposes {
    public List<Hidden> hidden() {
        return List.of();
    }
}
