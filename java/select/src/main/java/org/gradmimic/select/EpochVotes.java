package org.gradmimic.select;

import java.util.List;
import org.gradmimic.select.vote.Decision;

/**
 * What became of an epoch, or of the means over all epochs.
 *
 * @param seen how many samples have a value
 * @param mean the values' mean
 * @param kept how many of them the rule keeps
 * @param decisions the rule, one a class where it was made per class, else one
 */
public record EpochVotes(long seen, double mean, long kept, List<Decision> decisions) {}
