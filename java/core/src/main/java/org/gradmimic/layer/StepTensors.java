package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.device.Host;
import org.jspecify.annotations.Nullable;

/** What a step has found, where it was computed. Its handles are its own. */
final class StepTensors implements AutoCloseable {
    /**
     * The same on the host.
     *
     * @param nonFinite the samples that are not finite, or are to blame for it
     */
    record Numbers(LayerScores layerScores, List<Long> nonFinite) {}

    private final ScoreTensors layerScores;

    /** [B] double, the score that weighs. */
    private final Tensor scores;

    /** [B] float. */
    private final Tensor weights;

    /** [B] bool: loss, score and norm of the sample are. */
    private final Tensor finite;

    /** [B] long. */
    private final Tensor ids;

    /** [B] bool: samples that spoil all others where their losses are coupled; null where they aren't. */
    private final @Nullable Tensor invalidFeatures;

    StepTensors(
            ScoreTensors layerScores,
            Tensor scores,
            Tensor weights,
            Tensor finite,
            Tensor ids,
            @Nullable Tensor invalidFeatures) {
        Tensor norms = layerScores.gradientNorms();
        this.layerScores = new ScoreTensors(
                Tensors.handle(layerScores.losses()),
                Tensors.handle(layerScores.scores()),
                norms == null ? null : Tensors.handle(norms),
                Tensors.handle(layerScores.directionNorms()));
        this.scores = Tensors.handle(scores);
        this.weights = Tensors.handle(weights);
        this.finite = Tensors.handle(finite);
        this.ids = Tensors.handle(ids);
        this.invalidFeatures = invalidFeatures == null ? null : Tensors.handle(invalidFeatures);
    }

    Tensor losses() {
        return layerScores.losses();
    }

    Tensor scores() {
        return scores;
    }

    Tensor weights() {
        return weights;
    }

    /** All of it; waits for a device. */
    Numbers read() {
        return new Numbers(layerScores.read(), nonFinite());
    }

    private List<Long> nonFinite() {
        long[] all = Host.longs(ids);
        List<Long> found = where(finite, 0, all);
        if (found.isEmpty() || invalidFeatures == null) return found;
        List<Long> sources = where(invalidFeatures, 1, all);
        return sources.isEmpty() || sources.size() == all.length ? found : sources;
    }

    private static List<Long> where(Tensor mask, long value, long[] ids) {
        try (PointerScope scope = new PointerScope()) {
            long[] values = Host.longs(mask.to(ScalarType.Long));
            List<Long> found = new ArrayList<>();
            for (int i = 0; i < values.length; i++) if (values[i] == value) found.add(ids[i]);
            return List.copyOf(found);
        }
    }

    @Override
    public void close() {
        Stream.of(
                        layerScores.losses(),
                        layerScores.scores(),
                        layerScores.gradientNorms(),
                        layerScores.directionNorms(),
                        scores,
                        weights,
                        finite,
                        ids,
                        invalidFeatures)
                .filter(tensor -> tensor != null)
                .forEach(Tensor::deallocate);
    }
}
