package org.gradmimic.trainer;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.layer.Layers;
import org.gradmimic.layer.Losses;
import org.gradmimic.model.ImageClassifier;

/** The forward pass of a training: logits, and the loss of every sample. */
final class LossOfModel {
    private final ImageClassifier model;
    private final Device device;
    private final boolean mixed;
    private final double smoothing;

    /** The results of a forward pass, with their graph. */
    record Pass(Tensor logits, Tensor losses) {}

    LossOfModel(Trainer trainer) {
        model = trainer.model();
        device = trainer.device();
        mixed = trainer.settings().precision() == TrainSettings.Precision.AMP_BF16;
        smoothing = trainer.settings().smoothing();
    }

    Pass of(Layers layers, Tensor images, Tensor labels) {
        if (!mixed) return pass(layers, images, labels);
        try (Autocast bf16 = Autocast.to(device, ScalarType.BFloat16)) {
            return pass(layers, images, labels);
        }
    }

    private Pass pass(Layers layers, Tensor images, Tensor labels) {
        Tensor logits = model.logits(layers, images);
        return new Pass(logits, Losses.crossEntropy(logits, labels, smoothing));
    }
}
