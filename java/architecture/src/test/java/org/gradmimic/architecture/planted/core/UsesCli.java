package org.gradmimic.architecture.planted.core;

import org.gradmimic.architecture.planted.cli.Shown;

/** An arrow back. */
final class UsesCli {
    final Shown shown = new Shown();
}
