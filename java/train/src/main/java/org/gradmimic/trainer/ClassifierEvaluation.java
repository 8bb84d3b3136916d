package org.gradmimic.trainer;

import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageLoader;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.Split;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.gradmimic.layer.Losses;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.PlainLayers;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.PixelNormalisation;
import org.jspecify.annotations.Nullable;

/** Accuracies and loss of a classifier on a split, whose images are not varied. */
final class ClassifierEvaluation implements AutoCloseable {
    private static final int SEVERAL = 5;

    /** What was measured; NaN without a split. */
    record Result(double top1, double top5, double loss) {
        static final Result NONE = new Result(Double.NaN, Double.NaN, Double.NaN);
    }

    private final ImageClassifier model;
    private final Device device;
    private final PixelNormalisation normalisation;
    private final @Nullable ImageLoader loader;
    private final int samples;

    ClassifierEvaluation(ImageClassifier model, Device device, TrainData data, InputSettings input) {
        this.model = model;
        this.device = device;
        normalisation = input.normalisation();
        Split split = data.evaluation();
        samples = split == null ? 0 : data.dataset().size(split);
        loader = split == null
                ? null
                : ImageLoader.builder(data.dataset(), split, model.imageSize())
                        .batchSize(input.batchSize())
                        .workers(input.workers())
                        .prefetch(input.prefetch())
                        .onDamage(input.onDamage())
                        .open();
    }

    /**
     * Evaluates these parameters; batch normalisation uses its running statistics.
     *
     * @param stop asked before every batch
     * @return null if it was stopped
     */
    @Nullable
    Result of(Parameters parameters, BooleanSupplier stop) {
        if (loader == null) return Result.NONE;
        ImageSize size = model.imageSize();
        PlainLayers layers = new PlainLayers(parameters, false);
        boolean several = model.classes() > SEVERAL;
        long first = 0;
        long among = 0;
        double loss = 0;
        long count = 0;
        loader.start(LongStream.range(0, samples).toArray(), 0, 0);
        for (ImageBatch batch = loader.next(); batch != null; batch = loader.next()) {
            if (stop.getAsBoolean()) return null;
            if (batch.size() == 0) continue;
            try (PointerScope scope = new PointerScope();
                    NoGradGuard noGrad = new NoGradGuard()) {
                Tensor labels = device.move(Tensors.of(batch.labels(), batch.size()));
                Tensor logits = model.logits(layers, device.move(normalisation.of(batch, size)));
                // Without finite logits a prediction counts as wrong.
                Tensor finite = logits.isfinite().all(1, false);
                Tensor hits = logits.argmax(new LongOptional(1), false).eq(labels);
                first += Host.integer(hits.logical_and(finite).sum());
                if (several) {
                    Tensor best = logits.topk(SEVERAL, 1, true, true).get1();
                    Tensor found = best.eq(labels.unsqueeze(1)).any(1, false);
                    among += Host.integer(found.logical_and(finite).sum());
                }
                loss += Host.number(Losses.crossEntropy(logits, labels)
                        .to(ScalarType.Double)
                        .sum());
                count += batch.size();
            }
        }
        if (count == 0) return Result.NONE;
        return new Result((double) first / count, several ? (double) among / count : Double.NaN, loss / count);
    }

    @Override
    public void close() {
        if (loader != null) loader.close();
    }
}
