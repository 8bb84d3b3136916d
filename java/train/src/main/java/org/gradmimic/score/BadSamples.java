package org.gradmimic.score;

import java.util.Locale;

/** What happens at a sample of a shard that cannot be used, such as one with a damaged image or without a caption. */
public enum BadSamples {
    /** The sample is left out, and listed with the reason. */
    SKIP,
    /** The run ends with an error that names the sample. */
    FAIL;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
