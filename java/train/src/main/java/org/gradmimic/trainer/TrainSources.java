package org.gradmimic.trainer;

import java.util.List;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.LabelNoise;
import org.gradmimic.data.Split;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.Models;
import org.jspecify.annotations.Nullable;

/** What a command trains, and on what: settings that name a data set and a model. */
public final class TrainSources {
    public static final Setting<String> DATA = Setting.text("data", "SPEC", "Images: " + Datasets.SYNTAX);

    public static final Setting<Split> EVALUATE_ON = Setting.choice(
                    "evaluate-on",
                    "SPLIT",
                    "Split on which the model is evaluated after each epoch; by default the validation split, or else"
                            + " the test split",
                    Split.class)
            .optional();

    public static final Setting<Double> NOISE = Setting.real(
                    "noise", "SHARE", "Share of the training labels that are changed to wrong ones")
            .valid("from 0 to 1", share -> share >= 0 && share <= 1)
            .defaultsTo(0.0);

    public static final Setting<LabelNoise.Kind> NOISE_KIND = Setting.choice(
                    "noise-kind", "KIND", "How they are changed", LabelNoise.Kind.class)
            .defaultsTo(LabelNoise.Kind.SYMMETRIC)
            .ignoredBy(TrainSources::noNoise);

    public static final Setting<Long> NOISE_SEED = Setting.wide("noise-seed", "s", "Seed of the changed labels")
            .defaultsTo(0L)
            .ignoredBy(TrainSources::noNoise);

    public static final Setting<Models.Kind> MODEL =
            Setting.choice("model", "KIND", "Kind of the model", List.of(Models.Kind.VIT, Models.Kind.RESNET));

    public static final Setting<String> MODEL_CONFIG = Setting.text(
            "model-config",
            "C.json",
            "Its architecture: a JSON file, or a name such as vit_b_16, resnet18, resnet10_cifar; the number of classes is"
                    + " that of the data set");

    public static final Setting<Integer> IMAGE_SIZE = Setting.whole(
                    "img-size", "PIXELS", "Height and width to which images are scaled; by default that of the model")
            .positive()
            .optional();

    /** Every setting of this class. */
    public static final SettingGroup GROUP =
            SettingGroup.of(DATA, EVALUATE_ON, NOISE, NOISE_KIND, NOISE_SEED, MODEL, MODEL_CONFIG, IMAGE_SIZE);

    private static @Nullable String noNoise(SettingValues values) {
        return values.get(NOISE) > 0 ? null : "noise 0";
    }

    private TrainSources() {}

    /**
     * The training data of a data set, with changed labels if noise is asked for.
     *
     * @param dataset the data set that {@link #DATA} names
     * @throws org.gradmimic.base.InputException if it lacks a split, or has too few classes for noise
     */
    public static TrainData data(SettingValues values, ImageDataset dataset) {
        Split asked = values.find(EVALUATE_ON);
        Split evaluation = asked != null ? asked : TrainData.evaluationOf(dataset);
        long[] labels = dataset.labels(Split.TRAIN);
        double share = values.get(NOISE);
        if (share == 0) return new TrainData(dataset, Split.TRAIN, labels, null, evaluation);
        int classes = dataset.classNames().size();
        LabelNoise noise = LabelNoise.builder(labels, classes)
                .kind(values.get(NOISE_KIND))
                .share(share)
                .seed(values.get(NOISE_SEED))
                .build();
        return new TrainData(dataset, Split.TRAIN, noise.labels(), labels, evaluation);
    }

    /**
     * The model, with as many classes as the data set.
     *
     * @throws org.gradmimic.base.InputException if the configuration is damaged or does not fit the size of the images
     */
    public static ImageClassifier model(SettingValues values, ImageDataset dataset) {
        return Models.openClassifier(
                values.get(MODEL),
                values.get(MODEL_CONFIG),
                dataset.classNames().size(),
                values.find(IMAGE_SIZE));
    }
}
