package org.gradmimic.score;

/**
 * A sample of a shard that was left out.
 *
 * @param key its key; empty if the shard itself is damaged, so that the samples behind the damage could not be read
 * @param reason what is wrong
 */
public record BadSample(String key, String reason) {}
