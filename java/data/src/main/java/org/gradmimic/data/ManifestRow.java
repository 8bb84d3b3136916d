package org.gradmimic.data;

/**
 * A row of a {@link Manifest}.
 *
 * @param unit what {@code place} counts: line or row
 * @param place where it is in the file
 * @param path of the image, {@code /} between folders
 * @param label as it is in the file
 * @param name of the class, if the label is its number; else empty
 * @param split {@link Split#TRAIN} if there is no column for it
 */
record ManifestRow(String unit, long place, String path, String label, String name, Split split) {}
