package org.gradmimic.trainer;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.layer.Layers;
import org.gradmimic.layer.Losses;
import org.gradmimic.model.ImageClassifier;

/** The forward pass of a training: logits, and the loss of every sample. */
final class LossOfModel {
    private final ImageClassifier model;
    private final double smoothing;

    /** The results of a forward pass, with their graph. */
    record Pass(Tensor logits, Tensor losses) {}

    LossOfModel(Trainer trainer) {
        model = trainer.model();
        smoothing = trainer.settings().smoothing();
    }

    Pass of(Layers layers, Tensor images, Tensor labels) {
        Tensor logits = model.logits(layers, images);
        return new Pass(logits, Losses.crossEntropy(logits, labels, smoothing));
    }
}
