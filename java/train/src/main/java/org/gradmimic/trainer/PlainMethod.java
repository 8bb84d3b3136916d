package org.gradmimic.trainer;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.ScoreTable;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.device.Host;
import org.gradmimic.layer.Layers;
import org.gradmimic.layer.PlainLayers;

/** Plain training: autograd's gradient of the mean loss. There are no scores, and every weight is 1/B. */
final class PlainMethod implements StepMethod {
    private final LossOfModel loss;
    private final Layers layers;
    private final ScoreTable table;

    PlainMethod(Trainer trainer, ScoreTable table) {
        loss = new LossOfModel(trainer);
        layers = new PlainLayers(trainer.parameters(), true);
        this.table = table;
    }

    @Override
    public void begin(int epoch) {}

    @Override
    public Tensor backward(Tensor images, Tensor labels, Tensor ids, double share) {
        LossOfModel.Pass pass = loss.of(layers, images, labels);
        Tensor each = pass.losses().detach();
        if (!each.is_cuda() && !Host.truth(each.isfinite().all())) {
            throw new NonFiniteException("a loss is not finite");
        }
        Tensor mean = pass.losses().mean();
        (share == 1 ? mean : mean.mul(new Scalar(share))).backward();
        Tensor weights = torch.full_like(each, new Scalar(1.0 / each.size(0)));
        table.append(ids, torch.full_like(each, new Scalar(Double.NaN)), weights, each);
        return pass.logits();
    }

    @Override
    public void close() {}
}
