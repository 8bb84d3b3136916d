package org.gradmimic.data;

import java.nio.ByteBuffer;

/**
 * Some images with their labels and ids.
 *
 * @param pixels [n, H, W, 3], RGB, 8 bits per channel, rows from top to bottom; direct, position 0, limit n·H·W·3. An
 *     {@link ImageStream} overwrites them with its next batch. LibTorch calls this order of bytes channels-last: wrap
 *     them as a uint8 tensor [n, H, W, 3] and permute it to [n, 3, H, W]. This copies nothing and gives the layout in
 *     which convolutions are fastest. Copying them to a GPU transfers a quarter of the bytes of float pixels
 * @param labels [n]
 * @param ids [n], the position of each sample in its split
 */
public record ImageBatch(ByteBuffer pixels, long[] labels, long[] ids) {

    /** The number of images. */
    public int size() {
        return ids.length;
    }
}
