package org.gradmimic.data;

import java.nio.ByteBuffer;

/**
 * Some images with their labels and ids.
 *
 * @param pixels [n, H, W, 3], RGB, 8 bits a channel, rows from top to bottom; direct, position 0, limit n·H·W·3; an
 *     {@link ImageStream} overwrites them with its next batch. Bytes in this order are what LibTorch calls channels-last: wrap them as
 *     a uint8 tensor [n, H, W, 3] and permute to [n, 3, H, W], which copies nothing and is the layout its convolutions
 *     like best; a quarter of what float pixels would take crosses to a GPU
 * @param labels [n]
 * @param ids [n], each sample's position in its split
 */
public record ImageBatch(ByteBuffer pixels, long[] labels, long[] ids) {

    /** Number of images. */
    public int size() {
        return ids.length;
    }
}
