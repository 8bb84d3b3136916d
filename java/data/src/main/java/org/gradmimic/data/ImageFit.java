package org.gradmimic.data;

import java.util.Locale;
import org.gradmimic.base.InvalidArgumentException;

/**
 * How images of any size become images of one size.
 *
 * @param size of the result
 * @param shorterSide the image is scaled, with its proportions, until its shorter side has this many pixels; then its
 *     centre is cut out. 0: both sides are scaled to {@code size}, whatever the proportions were
 * @param filter how pixels are computed
 */
public record ImageFit(ImageSize size, int shorterSide, Filter filter) {
    /** How the pixels of a scaled image are computed. */
    public enum Filter {
        /** Averages the areas of pixels if the image shrinks, and interpolates linearly if it grows. */
        AREA,
        /** Pillow's bilinear filter, to the bit. */
        BILINEAR,
        /** Pillow's bicubic filter, to the bit. */
        BICUBIC;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final int LARGEST = 1 << 16;

    /** @throws InvalidArgumentException if the result does not fit into the scaled image */
    public ImageFit {
        if (shorterSide != 0 && shorterSide < Math.max(size.height(), size.width())) {
            throw new InvalidArgumentException("a shorter side of " + shorterSide + " pixels does not contain " + size);
        }
        if (shorterSide > LARGEST) {
            throw new InvalidArgumentException(
                    "a shorter side of " + shorterSide + " pixels; expected at most " + LARGEST);
        }
        if (shorterSide != 0 && filter == Filter.AREA) {
            throw new InvalidArgumentException("area scales both sides; a cut-out takes bilinear or bicubic");
        }
    }

    /** Both sides are scaled by averaging areas. */
    public static ImageFit of(ImageSize size) {
        return new ImageFit(size, 0, Filter.AREA);
    }

    /** What is done, as a person reads it: "shorter side to 256 pixels by bilinear, centre of 224x224". */
    @Override
    public String toString() {
        return shorterSide == 0
                ? "both sides to " + size + " pixels by " + filter
                : "shorter side to " + shorterSide + " pixels by " + filter + ", centre of " + size;
    }
}
