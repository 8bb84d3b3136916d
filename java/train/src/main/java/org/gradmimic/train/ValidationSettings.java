package org.gradmimic.train;

import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;

/** The settings of a {@link FilterValidation}: those of plain training, and the number of seeds. */
public final class ValidationSettings {
    public static final Setting<Integer> SEEDS = Setting.whole(
                    "seeds", "K", "Trainings on the filter's samples, and as many on random ones")
            .positive()
            .defaultsTo(3);

    /** Every setting. */
    public static final SettingGroup GROUP = SettingGroup.of(
            OptimizerSettings.OPTIMIZER,
            OptimizerSettings.LEARNING_RATE,
            OptimizerSettings.WEIGHT_DECAY,
            OptimizerSettings.MOMENTUM,
            ProbeSettings.BATCH_SIZE,
            ProbeSettings.EPOCHS,
            ProbeSettings.SEED,
            SEEDS);

    private ValidationSettings() {}

    /** Plain training with these settings and one of the seeds, counted from 0. */
    static ProbeSettings probe(SettingValues values, int index) {
        return ProbeSettings.of(Mode.SGD)
                .optimizer(OptimizerSettings.of(values))
                .batchSize(values.get(ProbeSettings.BATCH_SIZE))
                .epochs(values.get(ProbeSettings.EPOCHS))
                .seed(values.get(ProbeSettings.SEED) + index)
                .build();
    }
}
