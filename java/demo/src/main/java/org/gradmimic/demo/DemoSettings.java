package org.gradmimic.demo;

import org.gradmimic.data.ImageDataset;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.model.BackboneTrainerSettings;
import org.gradmimic.model.ConvBackbone;
import org.gradmimic.train.Mode;
import org.gradmimic.train.ProbeSettings;
import org.jspecify.annotations.Nullable;

/**
 * The settings of the demo; {@link #GROUP} declares each of them. The reference, plain and Grad-Mimic heads share all
 * settings except the mode. docs/demo.md reports what was tried.
 *
 * <pre>{@code
 * DemoSettings settings = DemoSettings.of(dataset).noise(0.2).epochs(4).build();
 * }</pre>
 */
public final class DemoSettings {
    /** Whether the backbone also trains on mirrored images. */
    public enum Flips {
        /** Mirrors photographs, but not letters and digits. */
        AUTO,
        YES,
        NO;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    public static final Setting<String> DATA =
            Setting.text("data", "SPEC", "The images").defaultsTo("drawn:");
    public static final Setting<Double> CLEAN_SHARE = Setting.real(
                    "clean-share",
                    "SHARE",
                    "Share of the training images used only to train the backbone and the reference")
            .share()
            .defaultsTo(0.2);
    public static final Setting<Double> NOISE = Setting.real(
                    "noise", "SHARE", "Share of the other labels that are corrupted")
            .share()
            .defaultsTo(0.4);
    public static final Setting<Integer> BACKBONE_EPOCHS = Setting.whole(
                    "backbone-epochs", "E", "Epochs of the backbone")
            .positive()
            .defaultsTo(8);
    public static final Setting<Flips> FLIPS = Setting.choice(
                    "flips",
                    "WHEN",
                    "Whether the backbone also trains on mirrored images; auto: on photographs",
                    Flips.class)
            .defaultsTo(Flips.AUTO);
    public static final Setting<Integer> EPOCHS =
            Setting.whole("epochs", "E", "Epochs of the heads").positive().defaultsTo(8);
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
                    "seed", "s", "Seed of the split, noise, initial weights and sample order")
            .defaultsTo(1L);

    /** Every setting of a demo. */
    public static final SettingGroup GROUP = SettingGroup.of(
            DATA, CLEAN_SHARE, NOISE, BACKBONE_EPOCHS, FLIPS, EPOCHS, BATCH_SIZE, LEARNING_RATE, TEMPERATURE, SEED);

    private static final double WEIGHT_DECAY = 1e-5;

    private final SettingValues values;

    private DemoSettings(SettingValues values) {
        this.values = values;
    }

    /**
     * Creates settings from values. The data set determines settings that are left to it.
     *
     * @param dataset the data set that {@link #DATA} names
     */
    public static DemoSettings of(ImageDataset dataset, SettingValues values) {
        SettingValues all = values.with(DATA, dataset.spec());
        if (all.get(FLIPS) == Flips.AUTO) {
            all = all.with(FLIPS, ConvBackbone.suitsFlips(dataset) ? Flips.YES : Flips.NO);
        }
        return new DemoSettings(all);
    }

    /** A builder with every setting at its default: a minute or two on two cores for 50,000 images. */
    public static Builder of(ImageDataset dataset) {
        return new Builder(dataset);
    }

    /**
     * Collects settings. Each method throws {@link org.gradmimic.base.SettingException} for a value that is not valid.
     */
    public static final class Builder {
        private final ImageDataset dataset;
        private SettingValues values = SettingValues.of(GROUP);

        private Builder(ImageDataset dataset) {
            this.dataset = dataset;
        }

        /** Sets any setting of {@link #GROUP}. */
        public <V> Builder set(Setting<V> setting, V value) {
            values = values.with(setting, value);
            return this;
        }

        /** Sets the share of the training images that are clean, between 0 and 1; the default is 0.2. */
        public Builder cleanShare(double share) {
            return set(CLEAN_SHARE, share);
        }

        /** Sets the share of the other labels that are corrupted, between 0 and 1; the default is 0.4. */
        public Builder noise(double share) {
            return set(NOISE, share);
        }

        /** Sets the number of epochs of the backbone, positive; the default is 8. */
        public Builder backboneEpochs(int epochs) {
            return set(BACKBONE_EPOCHS, epochs);
        }

        /** Sets whether the backbone also trains on mirrored images; the default depends on the data set. */
        public Builder flips(Flips flips) {
            return set(FLIPS, flips);
        }

        /** Sets the number of epochs of the heads, positive; the default is 8. */
        public Builder epochs(int epochs) {
            return set(EPOCHS, epochs);
        }

        /** Sets the number of samples per step of the heads, positive; the default is 32. */
        public Builder batchSize(int size) {
            return set(BATCH_SIZE, size);
        }

        /** Sets the learning rate of the heads' AdamW, positive; the default is 1e-3. */
        public Builder learningRate(double rate) {
            return set(LEARNING_RATE, rate);
        }

        /** Sets τ of Grad-Mimic, positive; the default is 0.25. */
        public Builder temperature(double temperature) {
            return set(TEMPERATURE, temperature);
        }

        /** Sets the seed of the split, noise, initial weights and orders; the default is 1. */
        public Builder seed(long seed) {
            return set(SEED, seed);
        }

        /** Builds the settings. */
        public DemoSettings build() {
            return of(dataset, values);
        }
    }

    /** The values of all settings. */
    public SettingValues values() {
        return values;
    }

    /** Share of the training images that are clean. */
    public double cleanShare() {
        return values.get(CLEAN_SHARE);
    }

    /** Share of the other labels that are corrupted. */
    public double noise() {
        return values.get(NOISE);
    }

    /** The number of epochs of the heads. */
    public int epochs() {
        return values.get(EPOCHS);
    }

    /** The number of samples per step of the heads. */
    public int batchSize() {
        return values.get(BATCH_SIZE);
    }

    /** Seed of the split, noise, initial weights and sample order. */
    public long seed() {
        return values.get(SEED);
    }

    BackboneTrainerSettings trainer() {
        return BackboneTrainerSettings.builder()
                .epochs(values.get(BACKBONE_EPOCHS))
                .flips(values.get(FLIPS) == Flips.YES)
                .seed(seed())
                .build();
    }

    ProbeSettings probe(Mode mode) {
        return ProbeSettings.of(mode)
                .temperature(values.get(TEMPERATURE))
                .learningRate(values.get(LEARNING_RATE))
                .weightDecay(WEIGHT_DECAY)
                .batchSize(batchSize())
                .epochs(epochs())
                .seed(seed())
                .build();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof DemoSettings that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return "DemoSettings" + values;
    }
}
