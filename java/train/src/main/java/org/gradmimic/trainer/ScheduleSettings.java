package org.gradmimic.trainer;

import java.util.Locale;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.train.OptimizerSettings;
import org.jspecify.annotations.Nullable;

/**
 * How the learning rate changes during a run. The rate is set before every step.
 *
 * @param kind the schedule after the warm-up
 * @param learningRate the highest rate
 * @param warmupEpochs epochs in which the rate rises linearly to the highest; may be a fraction
 * @param smallest for {@link Kind#COSINE}: the rate at the end
 * @param decayEpochs for {@link Kind#STEP}: epochs between two reductions
 * @param decayRate for {@link Kind#STEP}: the factor of a reduction
 */
record ScheduleSettings(
        Kind kind, double learningRate, double warmupEpochs, double smallest, double decayEpochs, double decayRate) {
    /** Schedules of the learning rate. */
    public enum Kind {
        /** Always the same. */
        CONSTANT,
        /** Half a cosine from the highest rate to the smallest. */
        COSINE,
        /** Multiplied by a factor every few epochs. */
        STEP;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static final Setting<Kind> SCHEDULE = Setting.choice("sched", "NAME", "Schedule of the learning rate", Kind.class)
            .defaultsTo(Kind.CONSTANT);
    static final Setting<Double> WARMUP_EPOCHS = Setting.real(
                    "warmup-epochs", "E", "Epochs in which the learning rate rises from 0; may be a fraction")
            .notNegative()
            .defaultsTo(0.0);
    static final Setting<Double> MIN_LR = Setting.real("min-lr", "X", "Learning rate at the end of cosine")
            .notNegative()
            .defaultsTo(0.0)
            .ignoredBy(values -> unless(Kind.COSINE, values));
    static final Setting<Double> DECAY_EPOCHS = Setting.real(
                    "decay-epochs", "E", "Epochs between two reductions by step")
            .positive()
            .defaultsTo(30.0)
            .ignoredBy(values -> unless(Kind.STEP, values));
    static final Setting<Double> DECAY_RATE = Setting.real("decay-rate", "X", "Factor of a reduction by step")
            .positive()
            .defaultsTo(0.1)
            .ignoredBy(values -> unless(Kind.STEP, values));

    private static @Nullable String unless(Kind kind, SettingValues values) {
        return values.get(SCHEDULE) == kind ? null : "schedule " + values.get(SCHEDULE);
    }

    static ScheduleSettings of(SettingValues values) {
        return new ScheduleSettings(
                values.get(SCHEDULE),
                values.get(OptimizerSettings.LEARNING_RATE),
                values.get(WARMUP_EPOCHS),
                values.get(MIN_LR),
                values.get(DECAY_EPOCHS),
                values.get(DECAY_RATE));
    }

    /**
     * The learning rate of a step.
     *
     * @param epochsDone epochs before the step, with the fraction of the current one
     * @param epochs of the whole run
     */
    double rate(double epochsDone, int epochs) {
        if (epochsDone < warmupEpochs) return learningRate * epochsDone / warmupEpochs;
        return switch (kind) {
            case CONSTANT -> learningRate;
            case COSINE -> {
                double share = (epochsDone - warmupEpochs) / (epochs - warmupEpochs);
                // StrictMath gives the same bits everywhere.
                yield smallest + (learningRate - smallest) * (1 + StrictMath.cos(Math.PI * share)) / 2;
            }
            case STEP -> learningRate * StrictMath.pow(decayRate, Math.floor(epochsDone / decayEpochs));
        };
    }
}
