package org.gradmimic.score;

import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;

/** The settings that only the scoring of shards has; it also uses some of {@link ScoreSettings}. */
public final class ShardSettings {
    /** The batch size if none is given. */
    public static final int BATCH = 256;

    /** The largest batch size. */
    public static final int LARGEST_BATCH = 1 << 20;

    public static final Setting<BadSamples> BAD_SAMPLES = Setting.choice(
                    "bad-samples",
                    "WHAT",
                    "Shards: what to do with a sample without a readable image and caption",
                    BadSamples.class)
            .defaultsTo(BadSamples.FAIL);

    public static final Setting<Integer> EPOCH = Setting.whole(
                    "epoch", "E", "Shards: the epoch of the first checkpoint in the output")
            .notNegative()
            .defaultsTo(0);

    /** All of them. */
    public static final SettingGroup GROUP = SettingGroup.of(BAD_SAMPLES, EPOCH);

    private ShardSettings() {}
}
