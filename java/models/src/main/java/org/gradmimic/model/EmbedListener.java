package org.gradmimic.model;

/** Watches an embedding; every call comes from the embedding thread. */
public interface EmbedListener {
    /** After every batch; {@code pictures} of {@code total} are done. */
    default void embedded(long pictures, long total) {}

    /** Asked before every batch; true ends the embedding. */
    default boolean stopRequested() {
        return false;
    }
}
