package org.gradmimic.trainer;

import java.util.Locale;
import org.gradmimic.Calibration;
import org.gradmimic.Weighting;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.gradmimic.data.ImageAugmentation;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.Setting.OnResume;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.train.OptimizerSettings;
import org.jspecify.annotations.Nullable;

/**
 * How a model is trained. {@link #GROUP} declares every setting, and only these have values.
 *
 * <pre>{@code
 * TrainSettings settings = TrainSettings.of(TrainMode.MIMIC).temperature(0.5).learningRate(1e-3).epochs(10).build();
 * }</pre>
 */
public final class TrainSettings {
    public static final Setting<TrainMode> MODE = Setting.choice(
                    "mode", "MODE", "How samples are weighted", TrainMode.class)
            .defaultsTo(TrainMode.PLAIN);

    public static final Setting<Weighting.Kind> SCORE = Setting.choice(
                    "score", "KIND", "Kind of score from which mimic computes weights", Weighting.Kind.ofScores())
            .defaultsTo(Weighting.Kind.NORMED_PROJ)
            .ignoredBy(TrainSettings::unlessWeights);

    public static final Setting<Double> TEMPERATURE = Setting.real(
                    "temperature", "T", "Temperature of the softmax of normed_proj and normed_cos")
            .positive()
            .defaultsTo(1.0)
            .ignoredBy(values -> unless(values, Weighting.Kind.NORMED_PROJ, Weighting.Kind.NORMED_COS));

    public static final Setting<Double> LAMBDA = Setting.real("lambda", "L", "Penalty of opt")
            .notNegative()
            .defaultsTo(0.0)
            .ignoredBy(values -> unless(values, Weighting.Kind.OPT));

    public static final Setting<String> MIMIC_LAYER = Setting.text(
                    "mimic-layer",
                    "L",
                    "Parameters by which samples are scored: names, or patterns with * and ?, separated by commas; all"
                            + " means all; by default the weight of the head")
            .optional()
            .ignoredBy(TrainSettings::unlessMimic);

    public static final Setting<Calibration> CALIBRATE = Setting.choice(
                    "calibrate",
                    "WHAT",
                    "Which gradients are weighted: those of the mimic layer, or all",
                    Calibration.class)
            .defaultsTo(Calibration.LAYER)
            .ignoredBy(TrainSettings::unlessWeights);

    private static final String ALONG = "along";

    public static final Setting<String> REFERENCE_SCALE = Setting.text(
                    "reference-scale",
                    "C",
                    "Score toward C times the reference, for a reference that is behind the model; along: in the fixed"
                            + " direction from the initial weights to the reference")
            .valid("a number of at least 1, or along", text -> text.equals(ALONG) || isScale(text))
            .defaultsTo("1")
            .ignoredBy(TrainSettings::unlessMimic);

    public static final Setting<String> KEEP = Setting.text(
                    "keep",
                    "RULE",
                    "Instead of weights: train on the samples of each batch that the rule keeps, score>0 or top:SHARE")
            .valid("score>0, or top:SHARE with a share between 0 and 1", KeepRule::isRule)
            .optional()
            .ignoredBy(TrainSettings::unlessMimic);

    public static final Setting<Integer> STARTING_EPOCH = Setting.whole(
                    "starting-epoch", "k", "Train without weights before epoch k, counted from 0")
            .notNegative()
            .defaultsTo(0)
            .ignoredBy(TrainSettings::unlessMimic);

    public static final Setting<Double> CLIP_GRAD = Setting.real(
                    "clip-grad", "X", "Largest norm of the gradient of all parameters together; by default unlimited")
            .positive()
            .optional();

    public static final Setting<Double> SMOOTHING = Setting.real(
                    "smoothing", "SHARE", "Share of a label's probability that is spread over all classes")
            .valid("from 0 to less than 1", share -> share >= 0 && share < 1)
            .defaultsTo(0.0);

    /** The numbers in which the products of the forward pass are computed, by open_clip's names. */
    public enum Precision {
        /** Single precision. */
        FP32,
        /** LibTorch's autocast to bfloat16; parameters, scores, weights and the optimiser stay in single precision. */
        AMP_BF16;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public static final Setting<Precision> PRECISION = Setting.choice(
                    "precision", "P", "Numbers of the forward pass in training", Precision.class)
            .defaultsTo(Precision.FP32);

    public static final Setting<Integer> GRAD_ACCUM_STEPS = Setting.whole(
                    "grad-accum-steps", "N", "Batches whose gradients are added up for one step of the optimiser")
            .positive()
            .defaultsTo(1);

    public static final Setting<Double> MODEL_EMA_DECAY = Setting.real(
                    "model-ema-decay",
                    "X",
                    "Evaluate and save the moving average of the weights, in which the old average has this share; by"
                            + " default the weights themselves")
            .share()
            .optional();

    public static final Setting<Integer> EPOCHS =
            Setting.whole("epochs", "E", "Epochs").positive().defaultsTo(5);

    public static final Setting<Long> SEED = Setting.wide(
                    "seed", "s", "Seed of initial weights, orders and variations of images")
            .defaultsTo(0L);

    public static final Setting<Integer> CHECKPOINT_STEPS = Setting.whole(
                    "checkpoint-steps",
                    "N",
                    "Also write a checkpoint every N steps of an epoch; 0: only after each epoch")
            .notNegative()
            .defaultsTo(0)
            .onResume(OnResume.ANY);

    /** Every setting of a training. */
    public static final SettingGroup GROUP = SettingGroup.of(
            MODE,
            SCORE,
            TEMPERATURE,
            LAMBDA,
            MIMIC_LAYER,
            CALIBRATE,
            REFERENCE_SCALE,
            KEEP,
            STARTING_EPOCH,
            EPOCHS,
            InputSettings.BATCH_SIZE,
            OptimizerSettings.OPTIMIZER,
            OptimizerSettings.LEARNING_RATE,
            OptimizerSettings.WEIGHT_DECAY,
            OptimizerSettings.MOMENTUM,
            ScheduleSettings.SCHEDULE,
            ScheduleSettings.WARMUP_EPOCHS,
            ScheduleSettings.MIN_LR,
            ScheduleSettings.DECAY_EPOCHS,
            ScheduleSettings.DECAY_RATE,
            CLIP_GRAD,
            GRAD_ACCUM_STEPS,
            SMOOTHING,
            MODEL_EMA_DECAY,
            PRECISION,
            InputSettings.CROP,
            InputSettings.SHIFT,
            InputSettings.SCALE,
            InputSettings.FLIP,
            InputSettings.MEAN,
            InputSettings.STD,
            InputSettings.WORKERS,
            InputSettings.PREFETCH,
            InputSettings.ON_DAMAGE,
            CHECKPOINT_STEPS,
            SEED);

    private static @Nullable String unlessMimic(SettingValues values) {
        return values.get(MODE) == TrainMode.MIMIC ? null : "mode " + values.get(MODE);
    }

    private static @Nullable String unlessWeights(SettingValues values) {
        String mode = unlessMimic(values);
        return mode != null || !values.isGiven(KEEP) ? mode : "keep " + values.find(KEEP);
    }

    private static boolean isScale(String text) {
        try {
            double scale = Double.parseDouble(text);
            return scale >= 1 && !Double.isInfinite(scale);
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private static @Nullable String unless(SettingValues values, Weighting.Kind... kinds) {
        String weights = unlessWeights(values);
        if (weights != null) return weights;
        for (Weighting.Kind kind : kinds) if (values.get(SCORE) == kind) return null;
        return "score " + values.get(SCORE);
    }

    private final SettingValues values;

    private TrainSettings(SettingValues values) {
        this.values = values;
    }

    /**
     * Creates settings from values.
     *
     * @throws SettingException if two settings are incompatible
     */
    public static TrainSettings of(SettingValues values) {
        values.requireAll();
        TrainSettings settings = new TrainSettings(values);
        if (settings.mode() == TrainMode.MIMIC && settings.startingEpoch() >= settings.epochs()) {
            throw new SettingException(SettingText.named(STARTING_EPOCH.name())
                    .text(" is " + settings.startingEpoch() + ", but the last epoch is " + (settings.epochs() - 1)
                            + ": mode mimic would never begin"));
        }
        double warmup = settings.schedule().warmupEpochs();
        if (warmup >= settings.epochs()) {
            throw new SettingException(SettingText.named(ScheduleSettings.WARMUP_EPOCHS.name())
                    .text(" is " + warmup + "; it must be less than the " + settings.epochs() + " epochs of the run"));
        }
        return settings;
    }

    /** A builder for a mode, with every other setting at its default. */
    public static Builder of(TrainMode mode) {
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

        /** Sets a setting of {@link #GROUP} by its name on the command line, such as "sched", from its text. */
        public Builder set(String name, String text) {
            for (Setting<?> setting : GROUP.settings()) {
                if (setting.name().equals(name)) return parsed(setting, text);
            }
            throw new SettingException(SettingText.of("there is no setting " + name));
        }

        private <V> Builder parsed(Setting<V> setting, String text) {
            return set(setting, setting.parse(text));
        }

        /** Sets the kind of score from which mimic computes weights; the default is {@code normed_proj}. */
        public Builder score(Weighting.Kind score) {
            return set(SCORE, score);
        }

        /** Sets τ, positive; the default is 1. */
        public Builder temperature(double temperature) {
            return set(TEMPERATURE, temperature);
        }

        /** Sets the parameters by which samples are scored; the default is the weight of the head. */
        public Builder mimicLayer(String namesAndPatterns) {
            return set(MIMIC_LAYER, namesAndPatterns);
        }

        /** Sets which parameters' gradients are weighted; the default is the mimic layer's. */
        public Builder calibration(Calibration calibration) {
            return set(CALIBRATE, calibration);
        }

        /** Sets c ≥ 1 in V = c·θ_ref − θ; the default is 1. */
        public Builder referenceScale(double c) {
            return set(REFERENCE_SCALE, Double.toString(c));
        }

        /** Sets which samples take part in the backward pass, as text: {@code score>0} or {@code top:0.5}. */
        public Builder keep(String rule) {
            return set(KEEP, rule);
        }

        /** Sets the first epoch with weights, counted from 0; training before it is plain. The default is 0. */
        public Builder startingEpoch(int epoch) {
            return set(STARTING_EPOCH, epoch);
        }

        /** Sets the optimiser; the default is AdamW. */
        public Builder optimizer(OptimizerSettings.Kind kind) {
            return set(OptimizerSettings.OPTIMIZER, kind);
        }

        /** Sets the highest learning rate, 0 or more; the default is 1e-4. */
        public Builder learningRate(double rate) {
            return set(OptimizerSettings.LEARNING_RATE, rate);
        }

        /** Sets the weight decay, 0 or more; the default is 1e-5. */
        public Builder weightDecay(double decay) {
            return set(OptimizerSettings.WEIGHT_DECAY, decay);
        }

        /** Sets B, positive; the default is 32. The last batch of an epoch may be smaller. */
        public Builder batchSize(int size) {
            return set(InputSettings.BATCH_SIZE, size);
        }

        /** Sets E, positive; the default is 5. */
        public Builder epochs(int epochs) {
            return set(EPOCHS, epochs);
        }

        /** Sets which part of a training image is used; the default is all of it. */
        public Builder crop(ImageAugmentation.Crop crop) {
            return set(InputSettings.CROP, crop);
        }

        /** Sets the seed of initial weights, orders and variations of images; the default is 0. */
        public Builder seed(long seed) {
            return set(SEED, seed);
        }

        /**
         * Builds the settings.
         *
         * @throws SettingException if two settings are incompatible
         */
        public TrainSettings build() {
            return of(values);
        }
    }

    /** The values of all settings. */
    public SettingValues values() {
        return values;
    }

    /** How samples are weighted. */
    public TrainMode mode() {
        return values.get(MODE);
    }

    /** The parameters by which samples are scored, as text; null: the weight of the head. */
    public @Nullable String mimicLayer() {
        return values.find(MIMIC_LAYER);
    }

    /** Which parameters' gradients are weighted. */
    public Calibration calibration() {
        return values.get(CALIBRATE);
    }

    /** The number of samples per step. */
    public int batchSize() {
        return values.get(InputSettings.BATCH_SIZE);
    }

    /** The number of epochs. */
    public int epochs() {
        return values.get(EPOCHS);
    }

    /** The epoch, counted from 0, before which the training is plain. */
    public int startingEpoch() {
        return values.get(STARTING_EPOCH);
    }

    /** Seed of the initial weights, the orders of samples and the variations of images. */
    public long seed() {
        return values.get(SEED);
    }

    OptimizerSettings optimizer() {
        return OptimizerSettings.of(values);
    }

    ScheduleSettings schedule() {
        return ScheduleSettings.of(values);
    }

    InputSettings input() {
        return InputSettings.of(values);
    }

    Precision precision() {
        return values.get(PRECISION);
    }

    /** The number of batches for one step of the optimiser. */
    int accumulated() {
        return values.get(GRAD_ACCUM_STEPS);
    }

    /** The share of the old average in the new one; null if no average is kept. */
    @Nullable
    Double averageDecay() {
        return values.find(MODEL_EMA_DECAY);
    }

    double smoothing() {
        return values.get(SMOOTHING);
    }

    /** The largest norm of the gradient; null if it is unlimited. */
    @Nullable
    Double clipGrad() {
        return values.find(CLIP_GRAD);
    }

    /** Steps between two checkpoints within an epoch; 0 for none. */
    int checkpointSteps() {
        return values.get(CHECKPOINT_STEPS);
    }

    /** c in V = c·θ_ref − θ; null: V is fixed. */
    @Nullable
    Double referenceScale() {
        String scale = values.get(REFERENCE_SCALE);
        return scale.equals(ALONG) ? null : Double.valueOf(scale);
    }

    /** Which samples take part in the backward pass; null: all, with weights. */
    @Nullable
    KeepRule keep() {
        String rule = mode() == TrainMode.MIMIC ? values.find(KEEP) : null;
        return rule == null ? null : KeepRule.parse(rule);
    }

    /** How the mode weights samples from the starting epoch on. */
    Weighting weighting() {
        return mode() == TrainMode.PLAIN
                ? Weighting.uniform()
                : Weighting.of(values.get(SCORE), values.get(TEMPERATURE), values.get(LAMBDA));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TrainSettings that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return "TrainSettings" + values;
    }
}
