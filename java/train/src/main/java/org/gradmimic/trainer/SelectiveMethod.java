package org.gradmimic.trainer;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.ScoreTable;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.device.Host;
import org.gradmimic.layer.Layers;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.PlainLayers;
import org.gradmimic.layer.RecordingLayers;
import org.gradmimic.layer.ScoreTensors;

/**
 * Selective backward: a forward pass of the whole batch for the scores, with a graph only from the mimic layer on; then plain
 * training on the samples that the rule keeps. Before the starting epoch, all are kept.
 *
 * <p>The scores use the batch's own statistics where there is batch normalisation, as training does. Only the pass with the
 * samples that are kept updates the running statistics.
 */
final class SelectiveMethod implements StepMethod {
    private final LossOfModel loss;
    private final TrainSettings settings;
    private final KeepRule rule;
    private final ScoreTable table;
    private final Parameters frozen;
    private final RecordingLayers scoring;
    private final Layers training;
    private boolean selects;

    SelectiveMethod(Trainer trainer, MimicDirection direction, KeepRule rule, ScoreTable table) {
        settings = trainer.settings();
        loss = new LossOfModel(trainer);
        this.rule = rule;
        this.table = table;
        training = new PlainLayers(trainer.parameters(), true);
        frozen = frozen(trainer.parameters());
        try {
            scoring = direction.layers(frozen);
        } catch (RuntimeException e) {
            frozen.close();
            throw e;
        }
    }

    /** The same memory without gradients; buffers are copies, so that scoring does not change them. */
    private static Parameters frozen(Parameters parameters) {
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : parameters.names()) {
                Tensor tensor = parameters.tensor(name);
                tensors.put(name, tensor.requires_grad() ? tensor.detach() : tensor.clone());
            }
            return Parameters.of(tensors);
        }
    }

    @Override
    public void begin(int epoch) {
        selects = epoch >= settings.startingEpoch();
    }

    @Override
    public Tensor backward(Tensor images, Tensor labels, Tensor ids, double share) {
        LossOfModel.Pass pass = loss.of(scoring, images, labels);
        ScoreTensors scores = scoring.scoreTensors(pass.losses(), false);
        Tensor score = scores.scores().select(0, 0);
        Tensor finite = score.isfinite().logical_and(scores.losses().isfinite());
        Tensor judged = score.masked_fill(finite.logical_not(), new Scalar(Double.NaN));
        Tensor kept = selects ? rule.kept(judged) : finite.nonzero().reshape(-1);
        if (!images.is_cuda() && !Host.truth(finite.any())) {
            throw new NonFiniteException("no sample of the batch has a finite loss and score");
        }
        Tensor weights = torch.zeros_like(score).to(ScalarType.Float);
        long count = kept.size(0);
        if (count > 0) {
            weights.index_fill_(0, kept, new Scalar(1.0 / count));
            Tensor some = images.index_select(0, kept).contiguous(MemoryFormat.ChannelsLast);
            Tensor mean = loss.of(training, some, labels.index_select(0, kept))
                    .losses()
                    .mean();
            (share == 1 ? mean : mean.mul(new Scalar(share))).backward();
        }
        table.append(ids, judged, weights, scores.losses());
        return pass.logits();
    }

    @Override
    public void close() {
        scoring.close();
        frozen.close();
    }
}
