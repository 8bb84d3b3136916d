package org.gradmimic.architecture.planted.data;

import picocli.CommandLine.Option;

/** An option in a library. */
final class Declares {
    @Option(names = "--planted")
    boolean planted;
}
