package org.gradmimic.model;

/** Observes an embedding. Every call comes from the embedding thread. */
public interface EmbedListener {
    /** Called after every batch; {@code images} of {@code total} are done. */
    default void embedded(long images, long total) {}

    /** Called before every batch; true ends the embedding. */
    default boolean stopRequested() {
        return false;
    }
}
