package org.gradmimic.trainer;

import java.util.Arrays;
import java.util.List;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.data.ImageAugmentation;
import org.gradmimic.data.ImageLoader;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.Setting.OnResume;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.model.PixelNormalisation;
import org.jspecify.annotations.Nullable;

/**
 * How images become batches.
 *
 * @param batchSize samples per step
 * @param workers threads that decode
 * @param prefetch batches that are prepared ahead
 * @param augmentation how training images are varied
 * @param normalisation of the pixels
 * @param onDamage what happens to images that cannot be decoded
 */
record InputSettings(
        int batchSize,
        int workers,
        int prefetch,
        ImageAugmentation augmentation,
        PixelNormalisation normalisation,
        ImageLoader.OnDamage onDamage) {
    static final Setting<Integer> BATCH_SIZE = Setting.whole(
                    "batch-size", "B", "Samples per step; the last batch of an epoch may be smaller")
            .positive()
            .defaultsTo(32);
    static final Setting<Integer> WORKERS = Setting.whole("workers", "N", "Threads that decode images")
            .positive()
            .defaultsTo(1)
            .onResume(OnResume.ANY);
    static final Setting<Integer> PREFETCH = Setting.whole("prefetch", "N", "Batches that are prepared ahead")
            .positive()
            .defaultsTo(2)
            .onResume(OnResume.ANY);
    static final Setting<ImageAugmentation.Crop> CROP = Setting.choice(
                    "crop", "KIND", "Part of a training image that is used", ImageAugmentation.Crop.class)
            .defaultsTo(ImageAugmentation.Crop.NONE);
    static final Setting<Integer> SHIFT = Setting.whole("shift", "PIXELS", "Largest shift of crop shift")
            .notNegative()
            .defaultsTo(4)
            .ignoredBy(values -> unless(ImageAugmentation.Crop.SHIFT, values));
    static final Setting<Double> SCALE = Setting.real(
                    "scale", "SHARE", "Smallest share of the image's area that crop resized uses")
            .valid("above 0 and at most 1", share -> share > 0 && share <= 1)
            .defaultsTo(0.08)
            .ignoredBy(values -> unless(ImageAugmentation.Crop.RESIZED, values));
    static final Setting<Double> FLIP = Setting.real("hflip", "P", "Probability that a training image is mirrored")
            .valid("from 0 to 1", p -> p >= 0 && p <= 1)
            .defaultsTo(0.5);
    static final Setting<String> MEAN = Setting.text(
                    "mean", "X[,X,X]", "Mean, subtracted from pixels in [0,1]: one number, or one for each colour")
            .valid("one number, or three with commas between them", text -> isNormalisation(text, "1"))
            .defaultsTo("0.5");
    static final Setting<String> STD = Setting.text(
                    "std", "X[,X,X]", "Standard deviation, by which pixels are then divided")
            .valid("one positive number, or three with commas between them", text -> isNormalisation("0", text))
            .defaultsTo("0.5");
    static final Setting<ImageLoader.OnDamage> ON_DAMAGE = Setting.choice(
                    "on-damage",
                    "WHAT",
                    "What happens to an image that cannot be decoded: the run fails, or goes on without it",
                    ImageLoader.OnDamage.class)
            .defaultsTo(ImageLoader.OnDamage.FAIL);

    private static @Nullable String unless(ImageAugmentation.Crop crop, SettingValues values) {
        return values.get(CROP) == crop ? null : "crop " + values.get(CROP);
    }

    private static boolean isNormalisation(String mean, String std) {
        try {
            normalisation(mean, std);
            return true;
        } catch (GradmimicException | NumberFormatException e) {
            return false;
        }
    }

    private static PixelNormalisation normalisation(String mean, String std) {
        return new PixelNormalisation(numbers(mean), numbers(std));
    }

    private static List<Double> numbers(String text) {
        return Arrays.stream(text.split(",", -1))
                .map(String::strip)
                .map(Double::valueOf)
                .toList();
    }

    static InputSettings of(SettingValues values) {
        ImageAugmentation augmentation =
                new ImageAugmentation(values.get(CROP), values.get(SHIFT), values.get(SCALE), values.get(FLIP));
        return new InputSettings(
                values.get(BATCH_SIZE),
                values.get(WORKERS),
                values.get(PREFETCH),
                augmentation,
                normalisation(values.get(MEAN), values.get(STD)),
                values.get(ON_DAMAGE));
    }
}
