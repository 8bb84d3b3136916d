package org.gradmimic.model;

/** Watches an embedding; every call comes from the embedding thread. */
public interface EmbedListener {
    /** After every batch; {@code images} of {@code total} are done. */
    default void embedded(long images, long total) {}

    /** Asked before every batch; true ends the embedding. */
    default boolean stopRequested() {
        return false;
    }
}
