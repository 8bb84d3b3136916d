package org.gradmimic.select;

import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.vote.Binarizer;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a filter, each declared once: name, description, default and valid values. The command line and the
 * Spark job create their options from this list, and both get their {@link FilterSpec} from {@link #spec}.
 */
public final class FilterSettings {

    /** The kind of the values. */
    public enum Use {
        SCORES(ScoreColumn.SCORE),
        WEIGHTS(ScoreColumn.RELATIVE_WEIGHT);

        private final ScoreColumn column;

        Use(ScoreColumn column) {
            this.column = column;
        }

        /** The column of a score log that contains them. */
        public ScoreColumn column() {
            return column;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The rule that splits the values of an epoch; see {@link Binarizer}. */
    public enum Rule {
        THRESHOLD("threshold"),
        K_MEANS("k-means"),
        MIXTURE("mixture"),
        TOP("top"),
        BOTTOM("bottom");

        private final String text;

        Rule(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    public static final Setting<Use> USE = Setting.choice(
                    "use",
                    "WHAT",
                    "What the values are, or which column of a score log to use; the weights of a log are relative: 1 is a"
                            + " sample's share in plain training",
                    Use.class)
            .defaultsTo(Use.SCORES);

    public static final Setting<Rule> RULE = Setting.choice(
                    "binarize", "RULE", "The rule that splits the samples of an epoch", Rule.class)
            .alias("kmeans", Rule.K_MEANS)
            .alias("gmm", Rule.MIXTURE)
            .optional();

    public static final Setting<Double> THRESHOLD = Setting.real(
                    "threshold",
                    "T",
                    "Rule threshold: keep values of at least T; if not given, 0 for scores, and a sample's share in"
                            + " plain training for weights")
            .optional();

    public static final Setting<Integer> BATCH_SIZE = Setting.whole(
                    "batch-size", "B", "Batch size, for the threshold 1/B on weights in a .npy file")
            .positive()
            .optional();

    public static final Setting<Double> SHARE = Setting.real(
                    "share", "P", "Rules top and bottom: the share to keep, from 0 to 1")
            .valid("from 0 to 1", share -> share >= 0 && share <= 1)
            .optional();

    public static final Setting<VoteAggregation> AGGREGATION = Setting.choice(
                    "aggregate", "HOW", "How the votes of the epochs are combined", VoteAggregation.class)
            .defaultsTo(VoteAggregation.MAJORITY);

    public static final Setting<Double> CLASS_BALANCE = Setting.real(
                    "class-balance", "P", "Label model: the share of samples worth keeping; estimated if not given")
            .optional();

    public static final Setting<Boolean> PER_CLASS =
            Setting.flag("per-class", "Split every class separately; needs the labels of the samples");

    /** All settings of a filter. */
    public static final SettingGroup GROUP =
            SettingGroup.of(USE, RULE, THRESHOLD, BATCH_SIZE, SHARE, AGGREGATION, CLASS_BALANCE, PER_CLASS);

    private FilterSettings() {}

    /**
     * The specification that settings describe.
     *
     * @param values of {@link #GROUP}
     * @param relative whether weights are relative to the batch size, as in a score log, where 1 is a sample's share in
     *     plain training. Otherwise that share is 1/B, and B must be given
     * @throws SettingException if a setting is missing or is incompatible with the others
     */
    public static FilterSpec spec(SettingValues values, boolean relative) {
        FilterSpec spec = FilterSpec.of(binarizer(values, relative), values.get(AGGREGATION));
        Double balance = values.find(CLASS_BALANCE);
        return balance == null ? spec : spec.classBalance(balance);
    }

    private static Binarizer binarizer(SettingValues values, boolean relative) {
        Rule rule = values.find(RULE);
        if (rule == null) {
            throw new SettingException(SettingText.named(RULE.name())
                    .text(" is missing; it is one of "
                            + RULE.choices().stream().map(Rule::toString).collect(Collectors.joining(", "))));
        }
        Double share = values.find(SHARE);
        boolean byShare = rule == Rule.TOP || rule == Rule.BOTTOM;
        if (share != null && !byShare) throw belongs(SHARE, Rule.TOP + " and " + Rule.BOTTOM);
        if (share == null && byShare)
            throw new SettingException(rule(rule.toString()).text(" needs ").setting(SHARE.name()));
        if (values.isGiven(THRESHOLD) && rule != Rule.THRESHOLD) throw belongs(THRESHOLD, Rule.THRESHOLD.toString());
        requireBatchSizeUsed(values, rule, relative);
        return switch (rule) {
            case THRESHOLD -> Binarizer.threshold(limit(values, relative));
            case K_MEANS -> Binarizer.kMeans();
            case MIXTURE -> Binarizer.mixture();
            case TOP -> Binarizer.topShare(Objects.requireNonNull(share));
            case BOTTOM -> Binarizer.bottomShare(Objects.requireNonNull(share));
        };
    }

    private static void requireBatchSizeUsed(SettingValues values, Rule rule, boolean relative) {
        boolean used =
                rule == Rule.THRESHOLD && values.get(USE) == Use.WEIGHTS && !values.isGiven(THRESHOLD) && !relative;
        if (values.isGiven(BATCH_SIZE) && !used) {
            throw new SettingException(SettingText.named(BATCH_SIZE.name())
                    .text(" belongs to ")
                    .setting(USE.name())
                    .text(" " + Use.WEIGHTS + " with ")
                    .setting(RULE.name())
                    .text(" " + Rule.THRESHOLD + " on a .npy file, without ")
                    .setting(THRESHOLD.name()));
        }
    }

    private static float limit(SettingValues values, boolean relative) {
        Double threshold = values.find(THRESHOLD);
        if (threshold != null) return threshold.floatValue();
        if (values.get(USE) == Use.SCORES) return 0;
        if (relative) return 1;
        @Nullable Integer batchSize = values.find(BATCH_SIZE);
        if (batchSize == null) {
            throw new SettingException(SettingText.of("a .npy file of weights does not contain the batch size: give ")
                    .setting(BATCH_SIZE.name())
                    .text(" or ")
                    .setting(THRESHOLD.name()));
        }
        return (float) (1.0 / batchSize);
    }

    private static SettingException belongs(Setting<?> setting, String rules) {
        return new SettingException(SettingText.named(setting.name())
                .text(" belongs to ")
                .setting(RULE.name())
                .text(" " + rules));
    }

    private static SettingText rule(String rule) {
        return SettingText.named(RULE.name()).text(" " + rule);
    }
}
