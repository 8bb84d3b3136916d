package org.gradmimic.architecture.planted.core.internal;

/** For core alone. */
public final class Hidden {}
