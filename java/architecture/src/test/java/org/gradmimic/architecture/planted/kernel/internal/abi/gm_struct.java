package org.gradmimic.architecture.planted.kernel.internal.abi;

/** As JavaCPP would make it. */
public final class gm_struct {}
