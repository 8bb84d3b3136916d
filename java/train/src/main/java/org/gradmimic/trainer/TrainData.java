package org.gradmimic.trainer;

import java.util.List;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.LabelNoise;
import org.gradmimic.data.Split;
import org.jspecify.annotations.Nullable;

/**
 * What a model is trained on: images, their labels as training sees them, and images for evaluation.
 *
 * @param dataset the images
 * @param split the part that is trained on
 * @param labels the given labels, one for each sample of {@code split}
 * @param trueLabels the labels before some were changed; null if none were
 * @param evaluation the part on which the model is evaluated after each epoch; null: none
 */
public record TrainData(
        ImageDataset dataset,
        Split split,
        long[] labels,
        long @Nullable [] trueLabels,
        @Nullable Split evaluation) {
    /**
     * @throws InputException if there is no such split
     * @throws InvalidArgumentException if there is not one label for each sample, or a label is no class
     */
    public TrainData {
        int samples = dataset.size(split);
        labels = checked("labels", labels, samples, dataset.classNames().size());
        if (trueLabels != null) {
            trueLabels = checked(
                    "true labels", trueLabels, samples, dataset.classNames().size());
        }
        if (evaluation != null) dataset.size(evaluation);
    }

    private static long[] checked(String what, long[] labels, int samples, int classes) {
        if (labels.length != samples) {
            throw new InvalidArgumentException(labels.length + " " + what + " for " + samples + " samples");
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new InvalidArgumentException(
                        "the label of sample " + i + " is " + labels[i] + "; expected 0 to " + (classes - 1));
            }
        }
        return labels.clone();
    }

    /**
     * The training split of a data set with its own labels. It is evaluated on the validation split, or else on the test
     * split, if there is one.
     */
    public static TrainData of(ImageDataset dataset) {
        return new TrainData(dataset, Split.TRAIN, dataset.labels(Split.TRAIN), null, evaluationOf(dataset));
    }

    /** Like {@link #of}, with labels of which some were changed. */
    public static TrainData of(ImageDataset dataset, LabelNoise noise) {
        return new TrainData(dataset, Split.TRAIN, noise.labels(), dataset.labels(Split.TRAIN), evaluationOf(dataset));
    }

    /** The split on which a data set is evaluated unless another one is chosen; null if there is none. */
    public static @Nullable Split evaluationOf(ImageDataset dataset) {
        List<Split> splits = dataset.splits();
        if (splits.contains(Split.VALIDATION)) return Split.VALIDATION;
        return splits.contains(Split.TEST) ? Split.TEST : null;
    }

    /** The number of training samples. */
    public int samples() {
        return labels.length;
    }

    /** The number of classes. */
    public int classes() {
        return dataset.classNames().size();
    }
}
