package org.gradmimic.audit;

import org.gradmimic.base.SettingException;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.model.BackboneTrainerSettings;
import org.gradmimic.train.Mode;
import org.gradmimic.train.ProbeSettings;
import org.jspecify.annotations.Nullable;

/**
 * The settings of an audit; {@link #GROUP} declares each of them. docs/audit.md reports what was tried.
 *
 * <pre>{@code
 * AuditSettings settings = AuditSettings.builder().epochs(4).build();
 * }</pre>
 */
public final class AuditSettings {
    public static final Setting<Integer> BACKBONE_EPOCHS = Setting.whole(
                    "backbone-epochs", "E", "Epochs of the small backbone that is trained if no model is given")
            .positive()
            .defaultsTo(8);
    public static final Setting<Double> HELD_OUT = Setting.real(
                    "held-out", "SHARE", "Share of the trusted samples on which the reference is measured")
            .share()
            .defaultsTo(0.2);
    public static final Setting<Integer> REFERENCE_EPOCHS = Setting.whole(
                    "reference-epochs",
                    "E",
                    "Epochs of the reference head; if not given, 8 on trusted samples, and 2 on the labels themselves")
            .positive()
            .optional();
    public static final Setting<Double> REFERENCE_SCALE = Setting.real(
                    "reference-scale",
                    "C",
                    "Score toward C times the reference's weight; if not given, 1 for a reference of trusted samples,"
                            + " and 8 for one of the labels themselves")
            .valid("at least 1", c -> c >= 1)
            .optional();
    public static final Setting<Integer> EPOCHS = Setting.whole(
                    "epochs", "E", "Epochs of the head trained with Grad-Mimic; every epoch votes on every sample")
            .valid("at least 3", epochs -> epochs >= 3)
            .defaultsTo(8);
    public static final Setting<Integer> BATCH_SIZE = Setting.whole("batch-size", "B", "Samples per step of the heads")
            .positive()
            .defaultsTo(32);
    public static final Setting<Double> LEARNING_RATE = Setting.real("lr", "X", "Learning rate of the heads' AdamW")
            .positive()
            .defaultsTo(1e-3);
    public static final Setting<Double> TEMPERATURE = Setting.real("temperature", "T", "Temperature of Grad-Mimic")
            .positive()
            .defaultsTo(0.25);
    public static final Setting<Long> SEED = Setting.wide(
                    "seed", "s", "Seed of the held-out part, initial weights and sample order")
            .defaultsTo(1L);
    public static final Setting<Apply> APPLY = Setting.choice(
                    "apply",
                    "HOW",
                    "What is made of the samples kept, besides the list kept.txt: nothing, or a folder of links or"
                            + " copies; nothing is ever moved",
                    Apply.class)
            .defaultsTo(Apply.LIST);

    /** Every setting of an audit. */
    public static final SettingGroup GROUP = SettingGroup.of(
            BACKBONE_EPOCHS,
            HELD_OUT,
            REFERENCE_EPOCHS,
            REFERENCE_SCALE,
            EPOCHS,
            BATCH_SIZE,
            LEARNING_RATE,
            TEMPERATURE,
            SEED,
            APPLY);

    private static final double WEIGHT_DECAY = 1e-5;
    private static final int TRUSTED_EPOCHS = 8;
    private static final int OWN_EPOCHS = 2;
    private static final double OWN_SCALE = 8;

    private final SettingValues values;

    private AuditSettings(SettingValues values) {
        this.values = values;
    }

    /**
     * Creates settings from values.
     *
     * @throws SettingException if one is missing
     */
    public static AuditSettings of(SettingValues values) {
        values.requireAll();
        return new AuditSettings(values);
    }

    /** A builder with every setting at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects settings. Each method throws {@link SettingException} for a value that is not valid. */
    public static final class Builder {
        private SettingValues values = SettingValues.of(GROUP);

        private Builder() {}

        /** Sets any setting of {@link #GROUP}. */
        public <V> Builder set(Setting<V> setting, V value) {
            values = values.with(setting, value);
            return this;
        }

        /** Sets the number of epochs of the small backbone; the default is 8. */
        public Builder backboneEpochs(int epochs) {
            return set(BACKBONE_EPOCHS, epochs);
        }

        /** Sets the number of epochs of the reference head. */
        public Builder referenceEpochs(int epochs) {
            return set(REFERENCE_EPOCHS, epochs);
        }

        /** Sets c of V = c · θ_ref − θ, at least 1. */
        public Builder referenceScale(double scale) {
            return set(REFERENCE_SCALE, scale);
        }

        /** Sets the number of epochs of the head trained with Grad-Mimic, at least 3; the default is 8. */
        public Builder epochs(int epochs) {
            return set(EPOCHS, epochs);
        }

        /** Sets what is made of the samples kept; the default is a list. */
        public Builder apply(Apply apply) {
            return set(APPLY, apply);
        }

        /** Sets the seed; the default is 1. */
        public Builder seed(long seed) {
            return set(SEED, seed);
        }

        /** Builds the settings. */
        public AuditSettings build() {
            return of(values);
        }
    }

    /** The values of all settings. */
    public SettingValues values() {
        return values;
    }

    /** Share of the trusted samples that take no part in training. */
    public double heldOut() {
        return values.get(HELD_OUT);
    }

    /** What is made of the samples kept. */
    public Apply apply() {
        return values.get(APPLY);
    }

    /** Seed of the held-out part, initial weights and sample order. */
    public long seed() {
        return values.get(SEED);
    }

    /** c of V = c · θ_ref − θ for a reference of trusted samples, or of the audited labels themselves. */
    public double referenceScale(boolean trusted) {
        Double given = values.find(REFERENCE_SCALE);
        return given != null ? given : trusted ? 1 : OWN_SCALE;
    }

    BackboneTrainerSettings trainer(boolean flips) {
        return BackboneTrainerSettings.builder()
                .epochs(values.get(BACKBONE_EPOCHS))
                .flips(flips)
                .seed(seed())
                .build();
    }

    ProbeSettings reference(boolean trusted) {
        Integer given = values.find(REFERENCE_EPOCHS);
        return head(Mode.SGD)
                .epochs(given != null ? given : trusted ? TRUSTED_EPOCHS : OWN_EPOCHS)
                .build();
    }

    ProbeSettings mimic(boolean trusted) {
        return head(Mode.MIMIC)
                .epochs(values.get(EPOCHS))
                .temperature(values.get(TEMPERATURE))
                .referenceScale(referenceScale(trusted))
                .build();
    }

    private ProbeSettings.Builder head(Mode mode) {
        return ProbeSettings.of(mode)
                .learningRate(values.get(LEARNING_RATE))
                .weightDecay(WEIGHT_DECAY)
                .batchSize(values.get(BATCH_SIZE))
                .seed(seed());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AuditSettings that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return "AuditSettings" + values;
    }
}
