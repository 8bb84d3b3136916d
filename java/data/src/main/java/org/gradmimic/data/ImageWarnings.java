package org.gradmimic.data;

import java.util.ArrayList;
import java.util.List;

/**
 * What decoders said of images that they decoded all the same, such as a colour profile that PNG does not allow. It grows while
 * a data set is read. Several threads may use it at once.
 */
public final class ImageWarnings {
    /** How many messages are kept. */
    public static final int KEPT = 10;

    private final List<String> first = new ArrayList<>();
    private long images;

    ImageWarnings() {}

    synchronized void add(String message) {
        images++;
        if (first.size() < KEPT) first.add(message);
    }

    /** Number of images with a warning. An image that is read twice counts twice. */
    public synchronized long images() {
        return images;
    }

    /** The first {@value #KEPT} messages. Each names its image. */
    public synchronized List<String> first() {
        return List.copyOf(first);
    }
}
