package org.gradmimic.data;

/**
 * How the encoded images of a data set are decoded.
 *
 * @param maxPixels images with more pixels are rejected before they are decoded
 * @param warnings takes what decoders say of images
 */
record DecodeSettings(long maxPixels, ImageWarnings warnings) {
    DecodeSettings(long maxPixels) {
        this(maxPixels, new ImageWarnings());
    }
}
