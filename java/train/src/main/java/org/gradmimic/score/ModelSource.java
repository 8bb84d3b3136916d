package org.gradmimic.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.gradmimic.layer.ContrastiveBatch;
import org.gradmimic.layer.ContrastiveScore;
import org.gradmimic.layer.Losses;
import org.gradmimic.layer.RecordingLayers;
import org.gradmimic.layer.ScoreTensors;
import org.gradmimic.model.Architecture;
import org.gradmimic.model.ContrastiveModel;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.ModelWeights;
import org.jspecify.annotations.Nullable;

/**
 * Samples scored by any parameters of a model, toward those of one or several references. Batch normalisation uses its
 * running statistics, so the score of a classifier's sample does not depend on the other samples. A contrastive loss
 * compares the samples of a batch.
 */
public final class ModelSource implements ScoreSource {
    /** The number of samples that pass through a classifier together. Their scores do not depend on it. */
    public static final int CHUNK = 32;

    /** The number of batches whose results stay on a device until they are read together. */
    private static final int BATCHES_AT_ONCE = 64;

    /** A scored batch and its results. */
    private record Scored(long[] ids, Tensor numbers) {}

    private final Architecture model;
    private final Samples samples;
    private final List<ModelWeights> references;
    private final List<String> mimicLayer;
    private final ContrastiveScore contrastive;
    private final @Nullable ReferenceCombination combination;
    private final Device device;
    private final RecordingLayers layers;
    private final List<Long> invalidSamples = new ArrayList<>();
    private double[] directionNorms;

    private ModelSource(Builder builder) {
        model = builder.model;
        samples = builder.samples;
        references = List.copyOf(builder.references);
        mimicLayer = List.copyOf(builder.mimicLayer);
        contrastive = builder.contrastive;
        combination = builder.combination;
        device = Device.of(builder.weights.parameters().tensors().iterator().next());
        directionNorms = new double[references.size()];
        checkMimicLayer(model, references, mimicLayer, contrastive);
        layers = RecordingLayers.builder(builder.weights.parameters())
                .mimic(mimicLayer)
                .references(references.stream().map(ModelWeights::parameters).toList())
                .training(false)
                .build();
        if (model instanceof ContrastiveModel) layers.contrastive(contrastive);
    }

    /**
     * A builder of a source that scores samples by a model.
     *
     * @param weights θ; scores are computed on their device
     * @param samples the caller closes them after the source
     */
    public static Builder builder(Architecture model, ModelWeights weights, Samples samples) {
        return new Builder(model, weights, samples);
    }

    /** Collects the parts of a source. References and the mimic layer are required. */
    public static final class Builder {
        private final Architecture model;
        private final ModelWeights weights;
        private final Samples samples;
        private List<ModelWeights> references = List.of();
        private List<String> mimicLayer = List.of();
        private ContrastiveScore contrastive = ContrastiveScore.EXACT;
        private @Nullable ReferenceCombination combination;

        private Builder(Architecture model, ModelWeights weights, Samples samples) {
            this.model = model;
            this.weights = weights;
            this.samples = samples;
        }

        /** Sets θ_ref, one or several. */
        public Builder references(ModelWeights... references) {
            this.references = List.of(references);
            return this;
        }

        /** @param names of parameters; ‖V‖ is the norm over all of them together */
        public Builder mimicLayer(List<String> names) {
            mimicLayer = names;
            return this;
        }

        /** Sets the kind of score for a loss that couples samples; the default is exact. */
        public Builder contrastive(ContrastiveScore score) {
            contrastive = score;
            return this;
        }

        /** Combines the scores toward several references into one; by default each is kept. */
        public Builder combine(ReferenceCombination combination) {
            this.combination = combination;
            return this;
        }

        /**
         * Builds the source.
         *
         * @throws InputException if something does not fit; the message names it
         * @throws InvalidArgumentException without a reference or a mimic layer
         */
        public ModelSource build() {
            if (references.isEmpty()) throw new InvalidArgumentException("there is no reference");
            if (mimicLayer.isEmpty()) throw new InvalidArgumentException("there is no mimic layer");
            return new ModelSource(this);
        }
    }

    /**
     * The number of samples that {@link Samples#next} must return at a time for a model. A contrastive loss needs a
     * whole batch.
     *
     * @param batchSize number of samples whose weights are normalised together; 0: all
     */
    public static int samplesAtATime(Architecture model, int batchSize) {
        return model instanceof ContrastiveModel ? batchSize : CHUNK;
    }

    /** @throws InputException if samples cannot be scored by one of these parameters */
    static void checkMimicLayer(
            Architecture model, List<ModelWeights> references, List<String> mimicLayer, ContrastiveScore contrastive) {
        for (String name : mimicLayer) {
            if (model instanceof ContrastiveModel
                    && contrastive == ContrastiveScore.PATH
                    && Set.of(ContrastiveModel.LOGIT_SCALE, ContrastiveModel.LOGIT_BIAS)
                            .contains(name)) {
                throw new InputException(name + " applies to the whole batch, but path treats samples separately;"
                        + " leave it out of the mimic layer, or use exact scores");
            }
            if (references.stream()
                    .anyMatch(reference -> reference.reinitialised().contains(name))) {
                throw new InputException(
                        "the reference has " + name + " for another number of classes; it cannot be the mimic layer");
            }
        }
    }

    @Override
    public void check(Weighting.Kind kind, Wanted wanted) {
        if (model instanceof ContrastiveModel && wanted.gradientNorms()) {
            throw new InputException((kind.needsNorms() ? kind.toString() : "gradient norms")
                    + " cannot be computed for a contrastive loss: a single sample has no gradient;"
                    + " use proj or normed_proj");
        }
        boolean weighs = kind != Weighting.Kind.PROJ && kind != Weighting.Kind.COS;
        if (references.size() == 1) {
            if (combination == null) return;
            throw new InputException("there is only one reference; scores are combined only toward several");
        }
        if (combination == null && weighs) {
            throw new InputException(kind + " needs one score per sample, but there are " + references.size()
                    + " references: combine them by mean or min, or give one");
        }
        if (combination == null) return;
        combination.check(references.size());
        if (kind != Weighting.Kind.PROJ && kind != Weighting.Kind.NORMED_PROJ) {
            throw new InputException(kind + " needs one reference, not the " + combination.rule() + " of several");
        }
    }

    @Override
    public String name() {
        return samples.name();
    }

    @Override
    public long count() {
        return samples.count();
    }

    @Override
    public int references() {
        return combination == null ? references.size() : 1;
    }

    @Override
    public double[] directionNorms() {
        return directionNorms.clone();
    }

    @Override
    public List<Long> invalidSamples() {
        return List.copyOf(invalidSamples);
    }

    @Override
    public @Nullable Block next(Wanted wanted) {
        try (PointerScope scope = new PointerScope()) {
            List<Scored> batches = batches(wanted);
            return batches.isEmpty() ? null : read(batches, wanted);
        }
    }

    /**
     * The next batches, in the caller's scope. Reading results makes a device wait, so on a device this takes many
     * batches together.
     */
    private List<Scored> batches(Wanted wanted) {
        List<Scored> batches = new ArrayList<>();
        int most = device.asynchronous() ? BATCHES_AT_ONCE : 1;
        while (batches.size() < most) {
            Tensor numbers = new Tensor(); // Outlives its batch.
            try (PointerScope scope = new PointerScope()) {
                Samples.Batch batch = samples.next();
                if (batch == null) break;
                numbers.put(score(batch, wanted));
                batches.add(new Scored(batch.ids(), numbers));
            }
        }
        return batches;
    }

    /**
     * All results of a batch of n samples, side by side: ‖V‖, scores, losses, norms, and which samples make the scores
     * of all others non-finite.
     */
    private Tensor score(Samples.Batch batch, Wanted wanted) {
        Tensor images = device.move(batch.images());
        Tensor targets = device.move(batch.targets());
        if (model instanceof ImageClassifier classifier) {
            Tensor losses = Losses.crossEntropy(classifier.logits(layers, images), targets);
            return numbers(layers.scoreTensors(losses, wanted.gradientNorms()), wanted, null);
        }
        ContrastiveModel pairModel = (ContrastiveModel) model;
        ContrastiveBatch pairs = contrastiveBatch(pairModel, layers, pairModel.features(layers, images, targets));
        return numbers(layers.scoreTensors(pairs), wanted, pairs.invalidFeatureMask());
    }

    /** SigLIP's loss if the model has a logit bias, CLIP's loss otherwise. */
    static ContrastiveBatch contrastiveBatch(
            ContrastiveModel model, RecordingLayers layers, ContrastiveModel.Features features) {
        Tensor scale = layers.scalar(ContrastiveModel.LOGIT_SCALE).exp();
        return model.hasLogitBias()
                ? ContrastiveBatch.siglip(
                        features.image(), features.text(), scale, layers.scalar(ContrastiveModel.LOGIT_BIAS))
                : ContrastiveBatch.clip(features.image(), features.text(), scale);
    }

    private Tensor numbers(ScoreTensors found, Wanted wanted, @Nullable Tensor invalidFeatures) {
        Tensor ofBatch = combination == null ? found.scores() : combination.of(found.scores());
        TensorVector parts = new TensorVector(found.directionNorms(), ofBatch.reshape(-1), found.losses());
        if (wanted.gradientNorms()) parts.push_back(found.gradientNorms());
        if (invalidFeatures != null) parts.push_back(invalidFeatures.to(ScalarType.Double));
        return torch.cat(parts);
    }

    private Block read(List<Scored> batches, Wanted wanted) {
        double[] all = Host.doubles(
                torch.cat(new TensorVector(batches.stream().map(Scored::numbers).toArray(Tensor[]::new))));
        long[] ids = batches.stream()
                .flatMapToLong(batch -> Arrays.stream(batch.ids()))
                .toArray();
        double[][] scores = new double[references()][ids.length];
        double[] losses = new double[ids.length];
        double[] norms = new double[wanted.gradientNorms() ? ids.length : 0];
        int at = 0;
        int place = 0;
        for (Scored batch : batches) {
            int n = batch.ids().length;
            directionNorms = Arrays.copyOfRange(all, at, at + directionNorms.length);
            at += directionNorms.length;
            for (double[] ofOne : scores) at = copy(all, at, ofOne, place, n);
            at = copy(all, at, losses, place, n);
            if (wanted.gradientNorms()) at = copy(all, at, norms, place, n);
            if (model instanceof ContrastiveModel) {
                nameInvalid(batch.ids(), Arrays.copyOfRange(losses, place, place + n), all, at);
                at += n;
            }
            place += n;
        }
        return new Block(ids, scores, losses, norms);
    }

    private static int copy(double[] from, int at, double[] to, int place, int n) {
        System.arraycopy(from, at, to, place, n);
        return at + n;
    }

    private void nameInvalid(long[] ids, double[] batchLosses, double[] numbers, int at) {
        if (Arrays.stream(batchLosses).allMatch(Double::isFinite)) return;
        for (int i = 0; i < ids.length; i++) {
            if (numbers[at + i] != 0 && invalidSamples.size() < ScoreSummary.NAMED) invalidSamples.add(ids[i]);
        }
    }

    /** Frees the tensors of the layers. A second call does nothing. */
    @Override
    public void close() {
        layers.close();
    }
}
