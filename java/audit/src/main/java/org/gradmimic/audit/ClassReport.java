package org.gradmimic.audit;

/**
 * What an audit found in a class.
 *
 * @param name of the class
 * @param samples the number of its audited samples
 * @param wrong how many of these have a label that is believed wrong
 */
public record ClassReport(String name, int samples, int wrong) {}
