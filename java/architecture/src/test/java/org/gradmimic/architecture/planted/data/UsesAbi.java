package org.gradmimic.architecture.planted.data;

import org.gradmimic.architecture.planted.kernel.internal.abi.gm_struct;

/** Past the binding. */
final class UsesAbi {
    final gm_struct struct = new gm_struct();
}
