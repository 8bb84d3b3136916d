package org.gradmimic.model;

import java.nio.ByteBuffer;
import org.gradmimic.base.SplitMix;
import org.gradmimic.data.ImageSize;

/** Copies 8-bit RGB images, randomly shifted by a few pixels and mirrored. */
final class Augmentation {
    private static final int CHANNELS = 3;

    private final ImageSize size;
    private final int shift;
    private final boolean flips;
    private final byte[] row;
    private final byte[] changed;

    Augmentation(ImageSize size, int shift, boolean flips) {
        this.size = size;
        this.shift = shift;
        this.flips = flips;
        row = new byte[size.width() * CHANNELS];
        changed = new byte[row.length];
    }

    /** Appends image {@code index} of {@code images} to {@code target}. */
    void copy(ByteBuffer images, int index, ByteBuffer target, SplitMix random) {
        boolean mirrored = flips && random.nextBoolean();
        int down = random.nextIndex(2 * shift + 1) - shift;
        int right = random.nextIndex(2 * shift + 1) - shift;
        int from = index * size.rgbBytes();
        for (int y = 0; y < size.height(); y++) {
            images.get(from + clamp(y - down, size.height()) * row.length, row);
            for (int x = 0; x < size.width(); x++) {
                int source = clamp((mirrored ? size.width() - 1 - x : x) - right, size.width()) * CHANNELS;
                int at = x * CHANNELS;
                changed[at] = row[source];
                changed[at + 1] = row[source + 1];
                changed[at + 2] = row[source + 2];
            }
            target.put(changed);
        }
    }

    private static int clamp(int place, int length) {
        return Math.max(0, Math.min(length - 1, place));
    }
}
