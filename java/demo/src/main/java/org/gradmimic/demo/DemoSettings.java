package org.gradmimic.demo;

import java.util.List;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.model.BackboneTrainerSettings;
import org.gradmimic.train.Mode;
import org.gradmimic.train.ProbeSettings;
import org.jspecify.annotations.Nullable;

/**
 * The settings of the demo; {@link #GROUP} declares each of them. The reference, plain and Grad-Mimic heads share everything
 * except the mode. docs/demo.md reports what was tried.
 *
 * <pre>{@code
 * DemoSettings settings = DemoSettings.of(dataset).noise(0.2).epochs(4).build();
 * }</pre>
 */
public final class DemoSettings {
    /** Whether the backbone also trains on mirrored images. */
    public enum Flips {
        /** On photographs, but not on letters and digits. */
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
                    "Share of the training images that train the backbone and the reference, and are left out afterwards")
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
    public static final Setting<Integer> BATCH_SIZE = Setting.whole("batch-size", "B", "Samples of a step of the heads")
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

    /**
     * Kinds of data sets with photographs. The others contain letters and digits, whose mirror images are not the same
     * class.
     */
    private static final List<String> PHOTOGRAPHS = List.of("images:", "cifar10:", "cifar100:");

    private final SettingValues values;

    private DemoSettings(SettingValues values) {
        this.values = values;
    }

    /**
     * Settings from values; the data set decides what is left to it.
     *
     * @param dataset what {@link #DATA} names
     */
    public static DemoSettings of(ImageDataset dataset, SettingValues values) {
        SettingValues all = values.with(DATA, dataset.spec());
        if (all.get(FLIPS) == Flips.AUTO) {
            boolean photographs = PHOTOGRAPHS.stream().anyMatch(dataset.spec()::startsWith);
            all = all.with(FLIPS, photographs ? Flips.YES : Flips.NO);
        }
        return new DemoSettings(all);
    }

    /** Settings at their defaults until they are set: a minute or two on two cores for 50,000 images. */
    public static Builder of(ImageDataset dataset) {
        return new Builder(dataset);
    }

    /** Collects settings; each method throws {@link org.gradmimic.base.SettingException} for a value that is not valid. */
    public static final class Builder {
        private final ImageDataset dataset;
        private SettingValues values = SettingValues.of(GROUP);

        private Builder(ImageDataset dataset) {
            this.dataset = dataset;
        }

        /** Sets any of {@link #GROUP}. */
        public <V> Builder set(Setting<V> setting, V value) {
            values = values.with(setting, value);
            return this;
        }

        /** Share of the training images that are clean, between 0 and 1; 0.2 unless set. */
        public Builder cleanShare(double share) {
            return set(CLEAN_SHARE, share);
        }

        /** Share of the other labels that are corrupted, between 0 and 1; 0.4 unless set. */
        public Builder noise(double share) {
            return set(NOISE, share);
        }

        /** Epochs of the backbone, positive; 8 unless set. */
        public Builder backboneEpochs(int epochs) {
            return set(BACKBONE_EPOCHS, epochs);
        }

        /** Whether the backbone trains on mirrored images, too; as the data set suggests unless set. */
        public Builder flips(Flips flips) {
            return set(FLIPS, flips);
        }

        /** Epochs of the heads, positive; 8 unless set. */
        public Builder epochs(int epochs) {
            return set(EPOCHS, epochs);
        }

        /** Samples of a step of the heads, positive; 32 unless set. */
        public Builder batchSize(int size) {
            return set(BATCH_SIZE, size);
        }

        /** Of the heads' AdamW, positive; 1e-3 unless set. */
        public Builder learningRate(double rate) {
            return set(LEARNING_RATE, rate);
        }

        /** τ of Grad-Mimic, positive; 0.25 unless set. */
        public Builder temperature(double temperature) {
            return set(TEMPERATURE, temperature);
        }

        /** Decides split, noise, initial weights and orders; 1 unless set. */
        public Builder seed(long seed) {
            return set(SEED, seed);
        }

        /** The settings collected. */
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

    /** Epochs of the heads. */
    public int epochs() {
        return values.get(EPOCHS);
    }

    /** Samples of a step of the heads. */
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
