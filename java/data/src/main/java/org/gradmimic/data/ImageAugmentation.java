package org.gradmimic.data;

import java.util.Locale;
import org.gradmimic.base.InvalidArgumentException;

/**
 * How a training image is varied. What is drawn for a sample depends on seed, epoch and sample alone.
 *
 * @param crop which part of the image is used
 * @param shift for {@link Crop#SHIFT}: the largest shift in each direction, in pixels of the result
 * @param smallestScale for {@link Crop#RESIZED}: the smallest share of the image's area
 * @param flip the probability that an image is mirrored
 */
public record ImageAugmentation(Crop crop, int shift, double smallestScale, double flip) {
    /** Which part of an image is used. */
    public enum Crop {
        /** All of it, scaled without preserving its proportions. */
        NONE,
        /** All of it, shifted by a few pixels; edge pixels are repeated. */
        SHIFT,
        /** A rectangle of random area and proportions, as torchvision's {@code RandomResizedCrop} draws it. */
        RESIZED;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** No variation. */
    public static final ImageAugmentation NONE = new ImageAugmentation(Crop.NONE, 0, 1, 0);

    /** @throws InvalidArgumentException if a number is out of range */
    public ImageAugmentation {
        if (shift < 0) throw new InvalidArgumentException("shift is " + shift + "; it must be 0 or more");
        if (!(smallestScale > 0 && smallestScale <= 1)) {
            throw new InvalidArgumentException(
                    "the smallest scale is " + smallestScale + "; it must be above 0 and at most 1");
        }
        if (!(flip >= 0 && flip <= 1)) {
            throw new InvalidArgumentException("the probability of a flip is " + flip + "; it must be from 0 to 1");
        }
    }
}
