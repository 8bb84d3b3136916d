package org.gradmimic.score;

import org.jspecify.annotations.Nullable;

/**
 * An image with its caption.
 *
 * @param key the sample's key in its shard
 * @param uid 32 hexadecimal digits; null if the sample has none
 * @param pixels [H,W,3] RGB
 * @param tokens the caption's, as many as the model's context length
 */
record Pair(String key, @Nullable String uid, byte[] pixels, long[] tokens) {}
