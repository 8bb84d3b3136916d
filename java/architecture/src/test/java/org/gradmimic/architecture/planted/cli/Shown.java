package org.gradmimic.architecture.planted.cli;

/** What core must not know. */
public final class Shown {}
