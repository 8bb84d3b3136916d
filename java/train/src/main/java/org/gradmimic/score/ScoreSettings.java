package org.gradmimic.score;

import org.gradmimic.Weighting;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import org.jspecify.annotations.Nullable;

/**
 * The settings of scoring. Each is declared once, with its name, description, default, valid values and the condition
 * under which it has no effect.
 */
public final class ScoreSettings {
    public static final Setting<Weighting.Kind> SCORE = Setting.choice(
                    "score", "KIND", "Kind of score or weight", Weighting.Kind.ofScores())
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
                    "Samples per batch, over which weights are normalised and a contrastive loss is computed; 0: all")
            .notNegative()
            .defaultsTo(0L);

    /** All settings of scoring. */
    public static final SettingGroup GROUP = SettingGroup.of(SCORE, TEMPERATURE, LAMBDA, BATCH_SIZE);

    private ScoreSettings() {}

    /** The reason why a setting that only these kinds use has no effect; null if it has an effect. */
    private static @Nullable String unless(SettingValues values, Weighting.Kind... kinds) {
        Weighting.Kind kind = values.get(SCORE);
        for (Weighting.Kind user : kinds) {
            if (kind == user) return null;
        }
        return kind.toString();
    }

    /** The scoring that the settings describe. */
    public static Scoring scoring(SettingValues values) {
        return new Scoring(
                Weighting.of(values.get(SCORE), values.get(TEMPERATURE), values.get(LAMBDA)), values.get(BATCH_SIZE));
    }
}
