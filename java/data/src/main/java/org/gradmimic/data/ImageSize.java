package org.gradmimic.data;

import org.gradmimic.base.InvalidArgumentException;

/**
 * The size of an image in pixels.
 *
 * @param height number of rows, 1 to 16384
 * @param width number of columns, 1 to 16384
 */
public record ImageSize(int height, int width) {
    private static final int MAX = 16_384;

    /** @throws InvalidArgumentException if a side is out of range */
    public ImageSize {
        if (height < 1 || height > MAX || width < 1 || width > MAX) {
            throw new InvalidArgumentException(
                    "an image of " + height + "x" + width + "; expected sides of 1 to " + MAX + " pixels");
        }
    }

    /** A square size. */
    public static ImageSize square(int side) {
        return new ImageSize(side, side);
    }

    /** The number of bytes of an image in RGB with 8 bits per channel. */
    public int rgbBytes() {
        return height * width * 3;
    }

    @Override
    public String toString() {
        return height + "x" + width;
    }
}
