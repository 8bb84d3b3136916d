package org.gradmimic.select.uid;

/** Receives uids one after the other. */
@FunctionalInterface
public interface UidConsumer {
    /**
     * @param index the position of the sample, from 0
     * @param high the first 64 bits
     * @param low the last 64 bits
     */
    void accept(long index, long high, long low);
}
