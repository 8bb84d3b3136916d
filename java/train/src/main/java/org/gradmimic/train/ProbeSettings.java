package org.gradmimic.train;

import org.gradmimic.Calibration;
import org.gradmimic.Weighting;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.Setting.OnResume;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import org.jspecify.annotations.Nullable;

/**
 * How a linear probe trains. {@link #GROUP} declares every setting, and only these have values.
 *
 * <pre>{@code
 * ProbeSettings settings = ProbeSettings.of(Mode.MIMIC).temperature(0.5).learningRate(1e-3).epochs(10).build();
 * }</pre>
 */
public final class ProbeSettings {
    public static final Setting<Mode> MODE = Setting.choice("mode", "MODE", "How samples are weighted", Mode.class);

    public static final Setting<Weighting.Kind> SCORE = Setting.choice(
                    "score", "KIND", "Kind of score from which mimic computes weights", Weighting.Kind.ofScores())
            .defaultsTo(Weighting.Kind.NORMED_PROJ)
            .ignoredBy(values -> values.get(MODE) == Mode.MIMIC ? null : mode(values));

    public static final Setting<Double> TEMPERATURE = Setting.real(
                    "temperature", "T", "Temperature of the softmax of normed_proj, normed_cos and influence")
            .positive()
            .defaultsTo(1.0)
            .ignoredBy(values -> switch (values.get(MODE)) {
                case INFLUENCE -> null;
                case MIMIC -> {
                    Weighting.Kind score = values.get(SCORE);
                    yield score == Weighting.Kind.NORMED_PROJ || score == Weighting.Kind.NORMED_COS
                            ? null
                            : "score " + score;
                }
                default -> mode(values);
            });

    public static final Setting<Double> REFERENCE_SCALE = Setting.real(
                    "reference-scale",
                    "C",
                    "Score toward C times the reference's weight; above 1, a reference that was trained only briefly stays"
                            + " ahead of the head")
            .valid("at least 1", c -> c >= 1)
            .defaultsTo(1.0)
            .ignoredBy(values -> values.get(MODE) == Mode.MIMIC ? null : mode(values));

    public static final Setting<Double> LAMBDA = Setting.real("lambda", "L", "Penalty of opt and grad-match")
            .notNegative()
            .defaultsTo(0.0)
            .ignoredBy(values -> switch (values.get(MODE)) {
                case GRAD_MATCH -> null;
                case MIMIC -> values.get(SCORE) == Weighting.Kind.OPT ? null : "score " + values.get(SCORE);
                default -> mode(values);
            });

    public static final Setting<Boolean> RHO_ATTACHED = Setting.flag(
                    "rho-attached", "Differentiate through rho's weights")
            .ignoredBy(values -> values.get(MODE) == Mode.RHO ? null : mode(values));

    public static final Setting<Calibration> CALIBRATE = Setting.choice(
                    "calibrate",
                    "WHAT",
                    "layer: weight the gradient of the head's weight; all: that of its bias too",
                    Calibration.class)
            .defaultsTo(Calibration.LAYER)
            .ignoredBy(values -> values.get(MODE) == Mode.SGD || values.get(MODE) == Mode.RHO ? mode(values) : null);

    public static final Setting<Integer> BATCH_SIZE = Setting.whole(
                    "batch-size", "B", "Samples per step; the last batch of an epoch may be smaller")
            .positive()
            .defaultsTo(32);

    public static final Setting<Integer> EPOCHS =
            Setting.whole("epochs", "E", "Epochs").positive().defaultsTo(5).onResume(OnResume.MAY_GROW);

    public static final Setting<Integer> STARTING_EPOCH = Setting.whole(
                    "starting-epoch", "k", "Train without weights before epoch k, counted from 0")
            .notNegative()
            .defaultsTo(0)
            .ignoredBy(values -> values.get(MODE) == Mode.SGD ? mode(values) : null);

    public static final Setting<Long> SEED = Setting.wide(
                    "seed", "s", "Seed of initial weights, orders and comparison batches")
            .defaultsTo(0L);

    /** Every setting of a probe. */
    public static final SettingGroup GROUP = SettingGroup.of(
            MODE,
            SCORE,
            TEMPERATURE,
            REFERENCE_SCALE,
            LAMBDA,
            RHO_ATTACHED,
            CALIBRATE,
            OptimizerSettings.OPTIMIZER,
            OptimizerSettings.LEARNING_RATE,
            OptimizerSettings.WEIGHT_DECAY,
            OptimizerSettings.MOMENTUM,
            BATCH_SIZE,
            EPOCHS,
            STARTING_EPOCH,
            SEED);

    private static String mode(SettingValues values) {
        return "mode " + values.get(MODE);
    }

    private final SettingValues values;

    private ProbeSettings(SettingValues values) {
        this.values = values;
    }

    /**
     * Creates settings from values.
     *
     * @throws SettingException if one is missing, or two are incompatible
     */
    public static ProbeSettings of(SettingValues values) {
        values.requireAll();
        ProbeSettings settings = new ProbeSettings(values);
        if (settings.mode() != Mode.SGD && settings.startingEpoch() >= settings.epochs()) {
            throw new SettingException(SettingText.named(STARTING_EPOCH.name())
                    .text(" is " + settings.startingEpoch() + ", but the last epoch is " + (settings.epochs() - 1)
                            + ": mode " + settings.mode() + " would never begin"));
        }
        return settings;
    }

    /** A builder for a mode, with every other setting at its default. */
    public static Builder of(Mode mode) {
        return new Builder(SettingValues.of(GROUP).with(MODE, mode));
    }

    /** Collects settings. Each method throws {@link SettingException} for a value that is not valid. */
    public static final class Builder {
        private SettingValues values;

        private Builder(SettingValues values) {
            this.values = values;
        }

        /** Sets any setting of {@link #GROUP}. */
        public <V> Builder set(Setting<V> setting, V value) {
            values = values.with(setting, value);
            return this;
        }

        /** Sets the kind of score from which mimic computes weights; the default is {@code normed_proj}. */
        public Builder score(Weighting.Kind score) {
            return set(SCORE, score);
        }

        /** Sets τ, positive; the default is 1. */
        public Builder temperature(double temperature) {
            return set(TEMPERATURE, temperature);
        }

        /** Sets c of V = c · θ_ref − θ, at least 1; the default is 1. */
        public Builder referenceScale(double scale) {
            return set(REFERENCE_SCALE, scale);
        }

        /** Sets λ of opt and grad-match, 0 or more; the default is 0. */
        public Builder lambda(double lambda) {
            return set(LAMBDA, lambda);
        }

        /** Sets whether rho differentiates through its weights; the default is false. */
        public Builder rhoAttached(boolean attached) {
            return set(RHO_ATTACHED, attached);
        }

        /** Sets which parameters' gradients are weighted; the default is the layer. */
        public Builder calibration(Calibration calibration) {
            return set(CALIBRATE, calibration);
        }

        /** Sets the optimiser; the default is AdamW. */
        public Builder optimizer(OptimizerSettings.Kind kind) {
            return set(OptimizerSettings.OPTIMIZER, kind);
        }

        /** Sets all settings of the optimiser. */
        public Builder optimizer(OptimizerSettings optimizer) {
            return optimizer(optimizer.kind())
                    .learningRate(optimizer.learningRate())
                    .weightDecay(optimizer.weightDecay())
                    .momentum(optimizer.momentum());
        }

        /** Sets the learning rate, 0 or more; the default is 1e-4. */
        public Builder learningRate(double rate) {
            return set(OptimizerSettings.LEARNING_RATE, rate);
        }

        /** Sets the weight decay, 0 or more; the default is 1e-5. */
        public Builder weightDecay(double decay) {
            return set(OptimizerSettings.WEIGHT_DECAY, decay);
        }

        /** Sets the momentum of SGD, 0 or more; the default is 0.9. */
        public Builder momentum(double momentum) {
            return set(OptimizerSettings.MOMENTUM, momentum);
        }

        /** Sets B, positive; the default is 32. The last batch of an epoch may be smaller. */
        public Builder batchSize(int size) {
            return set(BATCH_SIZE, size);
        }

        /** Sets E, positive; the default is 5. */
        public Builder epochs(int epochs) {
            return set(EPOCHS, epochs);
        }

        /** Sets the first epoch with weights, counted from 0; training before it is plain. The default is 0. */
        public Builder startingEpoch(int epoch) {
            return set(STARTING_EPOCH, epoch);
        }

        /** Sets the seed of initial weights, orders and comparison batches; the default is 0. */
        public Builder seed(long seed) {
            return set(SEED, seed);
        }

        /**
         * Builds the settings.
         *
         * @throws SettingException if two settings are incompatible
         */
        public ProbeSettings build() {
            return of(values);
        }
    }

    /** The values of all settings. */
    public SettingValues values() {
        return values;
    }

    /** How samples are weighted. */
    public Mode mode() {
        return values.get(MODE);
    }

    /** The optimiser and its settings. */
    public OptimizerSettings optimizer() {
        return OptimizerSettings.of(values);
    }

    /** Which parameters of the head the sample weights apply to. */
    public Calibration calibration() {
        return values.get(CALIBRATE);
    }

    /** The number of samples per step. */
    public int batchSize() {
        return values.get(BATCH_SIZE);
    }

    /** The number of epochs. */
    public int epochs() {
        return values.get(EPOCHS);
    }

    /** The epoch, counted from 0, before which the training is plain. */
    public int startingEpoch() {
        return values.get(STARTING_EPOCH);
    }

    /** Seed of the initial head and the sample order. */
    public long seed() {
        return values.get(SEED);
    }

    /** c of V = c · θ_ref − θ. */
    public double referenceScale() {
        return values.get(REFERENCE_SCALE);
    }

    /** How the mode weights samples from the starting epoch on. */
    public Weighting weighting() {
        return switch (mode()) {
            case SGD -> Weighting.uniform();
            case MIMIC -> Weighting.of(values.get(SCORE), values.get(TEMPERATURE), values.get(LAMBDA));
            case GRAND -> Weighting.grand();
            case AGRA -> Weighting.agra();
            case INFLUENCE -> Weighting.normedProj(values.get(TEMPERATURE));
            case RHO -> Weighting.rho(values.get(RHO_ATTACHED));
            case GRAD_MATCH -> Weighting.opt(values.get(LAMBDA));
        };
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ProbeSettings that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return "ProbeSettings" + values;
    }
}
