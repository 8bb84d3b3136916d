package org.gradmimic.score;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.Tensors;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.gradmimic.layer.ContrastiveBatch;
import org.gradmimic.layer.ContrastiveScore;
import org.gradmimic.layer.RecordingLayers;
import org.gradmimic.layer.ScoreTensors;
import org.gradmimic.model.ContrastiveModel;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.PixelNormalisation;
import org.jspecify.annotations.Nullable;

/** Scores batches of pairs by a model at one or several checkpoints. An image is decoded once for all of them. */
final class PairScorer implements AutoCloseable {
    /**
     * The numbers of a batch at one checkpoint.
     *
     * @param scores [n], NaN where not finite
     * @param weights [n], the softmax of the scores over the batch; 0 where the score is not finite
     * @param losses [n]
     * @param similarities [n], the cosine of a pair's image and text features
     */
    record Numbers(float[] scores, float[] weights, float[] losses, float[] similarities) {}

    private final ContrastiveModel model;
    private final PixelNormalisation normalisation;
    private final double temperature;
    private final @Nullable ReferenceCombination combination;
    private final List<RecordingLayers> checkpoints = new ArrayList<>();
    private final Device device;
    private ByteBuffer pixels = ByteBuffer.allocateDirect(0);

    /**
     * @param checkpoints of the same model; the caller closes them, and the references
     * @param mimicLayer names of parameters
     * @param combination null if there is one reference
     */
    PairScorer(
            ContrastiveModel model,
            List<ModelWeights> checkpoints,
            List<ModelWeights> references,
            List<String> mimicLayer,
            ContrastiveScore contrastive,
            @Nullable ReferenceCombination combination,
            PixelNormalisation normalisation,
            double temperature) {
        ModelSource.checkMimicLayer(model, references, mimicLayer, contrastive);
        this.model = model;
        this.normalisation = normalisation;
        this.temperature = temperature;
        this.combination = combination;
        device = Device.of(checkpoints.get(0).parameters().tensors().iterator().next());
        for (ModelWeights weights : checkpoints) {
            RecordingLayers layers = RecordingLayers.builder(weights.parameters())
                    .mimic(mimicLayer)
                    .references(
                            references.stream().map(ModelWeights::parameters).toList())
                    .training(false)
                    .build();
            layers.contrastive(contrastive);
            this.checkpoints.add(layers);
        }
    }

    /** The numbers of a batch at every checkpoint. */
    List<Numbers> score(List<Pair> batch) {
        try (PointerScope scope = new PointerScope()) {
            Tensor images = device.move(images(batch));
            Tensor tokens = device.move(tokens(batch));
            List<Numbers> all = new ArrayList<>();
            for (RecordingLayers layers : checkpoints) all.add(score(layers, images, tokens));
            return all;
        }
    }

    private Tensor images(List<Pair> batch) {
        int each = model.imageSize().rgbBytes();
        int bytes = Math.multiplyExact(each, batch.size());
        if (pixels.capacity() < bytes) pixels = ByteBuffer.allocateDirect(bytes);
        pixels.clear();
        batch.forEach(pair -> pixels.put(pair.pixels()));
        long[] none = new long[batch.size()];
        return normalisation.of(new ImageBatch(pixels.flip(), none, none), model.imageSize());
    }

    private Tensor tokens(List<Pair> batch) {
        int length = model.contextLength();
        long[] all = new long[length * batch.size()];
        for (int i = 0; i < batch.size(); i++) System.arraycopy(batch.get(i).tokens(), 0, all, i * length, length);
        return Tensors.of(all, batch.size(), length);
    }

    private Numbers score(RecordingLayers layers, Tensor images, Tensor tokens) {
        try (PointerScope scope = new PointerScope()) {
            ContrastiveModel.Features features = model.features(layers, images, tokens);
            ContrastiveBatch pairs = ModelSource.contrastiveBatch(model, layers, features);
            Tensor similarities = similarities(features);
            ScoreTensors found = layers.scoreTensors(pairs);
            Tensor scores = combination == null ? found.scores().select(0, 0) : combination.of(found.scores());
            double[] all = Host.doubles(torch.cat(new TensorVector(scores.reshape(-1), found.losses(), similarities)));
            int n = all.length / 3;
            float[] floats = new float[all.length];
            for (int i = 0; i < all.length; i++) floats[i] = (float) all[i];
            for (int i = 0; i < n; i++) {
                if (!Float.isFinite(floats[i])) floats[i] = Float.NaN;
            }
            return new Numbers(
                    Arrays.copyOf(floats, n),
                    weights(all, n),
                    Arrays.copyOfRange(floats, n, 2 * n),
                    Arrays.copyOfRange(floats, 2 * n, 3 * n));
        }
    }

    /** [n] double. */
    private static Tensor similarities(ContrastiveModel.Features features) {
        Tensor image = features.image().detach().to(ScalarType.Double);
        Tensor text = features.text().detach().to(ScalarType.Double);
        Tensor lengths = image.square().sum(1).mul(text.square().sum(1)).sqrt();
        return image.mul(text).sum(1).div(lengths);
    }

    /** The softmax of the finite ones of the first n numbers. */
    private float[] weights(double[] numbers, int n) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            if (Double.isFinite(numbers[i])) max = Math.max(max, numbers[i]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            if (Double.isFinite(numbers[i])) sum += StrictMath.exp((numbers[i] - max) / temperature);
        }
        float[] weights = new float[n];
        for (int i = 0; i < n; i++) {
            if (Double.isFinite(numbers[i])) {
                weights[i] = (float) (StrictMath.exp((numbers[i] - max) / temperature) / sum);
            }
        }
        return weights;
    }

    /** Frees the tensors of the layers. */
    @Override
    public void close() {
        checkpoints.forEach(RecordingLayers::close);
    }
}
