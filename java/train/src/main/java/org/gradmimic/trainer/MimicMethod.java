package org.gradmimic.trainer;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.ScoreTable;
import org.gradmimic.Weighting;
import org.gradmimic.layer.MimicSteps;
import org.gradmimic.layer.RecordingLayers;

/** Grad-Mimic: the weights come from scores toward a reference. Before the starting epoch they are all the same. */
final class MimicMethod implements StepMethod {
    private final LossOfModel loss;
    private final RecordingLayers layers;
    private final MimicSteps steps;
    private final TrainSettings settings;

    MimicMethod(Trainer trainer, MimicDirection direction, ScoreTable table) {
        settings = trainer.settings();
        loss = new LossOfModel(trainer);
        layers = direction.layers(trainer.parameters());
        try {
            steps = MimicSteps.builder(layers)
                    .weighting(Weighting.uniform())
                    .calibration(settings.calibration())
                    .table(table)
                    .build();
        } catch (RuntimeException e) {
            layers.close();
            throw e;
        }
    }

    @Override
    public void begin(int epoch) {
        steps.weighting(epoch < settings.startingEpoch() ? Weighting.uniform() : settings.weighting());
    }

    @Override
    public Tensor backward(Tensor images, Tensor labels, Tensor ids, double share) {
        LossOfModel.Pass pass = loss.of(layers, images, labels);
        steps.step(pass.losses(), ids).backward(share);
        return pass.logits();
    }

    @Override
    public void close() {
        steps.close();
        layers.close();
    }
}
