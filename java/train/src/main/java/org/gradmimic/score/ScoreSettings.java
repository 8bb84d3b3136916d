package org.gradmimic.score;

import org.gradmimic.Weighting;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import org.jspecify.annotations.Nullable;

/** The settings of scoring, each declared once: name, description, default, valid values and what ignores it. */
public final class ScoreSettings {
    public static final Setting<Weighting.Kind> SCORE = Setting.choice(
                    "score", "KIND", "What is written", Weighting.Kind.ofScores())
            .defaultsTo(Weighting.Kind.PROJ);

    public static final Setting<Double> TEMPERATURE = Setting.real(
                    "temperature", "T", "Temperature of normed_proj and normed_cos")
            .positive()
            .defaultsTo(1.0)
            .ignoredBy(values -> unless(values, Weighting.Kind.NORMED_PROJ, Weighting.Kind.NORMED_COS));

    public static final Setting<Double> LAMBDA = Setting.real("lambda", "L", "Penalty of opt")
            .notNegative()
            .defaultsTo(0.0)
            .ignoredBy(values -> unless(values, Weighting.Kind.OPT));

    public static final Setting<Long> BATCH_SIZE = Setting.wide(
                    "batch-size",
                    "B",
                    "Samples that are weighed against each other, and that a contrastive loss compares; 0: all")
            .notNegative()
            .defaultsTo(0L);

    /** All of them. */
    public static final SettingGroup GROUP = SettingGroup.of(SCORE, TEMPERATURE, LAMBDA, BATCH_SIZE);

    private ScoreSettings() {}

    /** What ignores a setting that only these kinds use; null where it is used. */
    private static @Nullable String unless(SettingValues values, Weighting.Kind... kinds) {
        Weighting.Kind kind = values.get(SCORE);
        for (Weighting.Kind user : kinds) {
            if (kind == user) return null;
        }
        return kind.toString();
    }

    /** The scoring that settings describe. */
    public static Scoring scoring(SettingValues values) {
        return new Scoring(
                Weighting.of(values.get(SCORE), values.get(TEMPERATURE), values.get(LAMBDA)), values.get(BATCH_SIZE));
    }
}
