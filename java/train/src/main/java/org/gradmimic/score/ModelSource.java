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
 * Samples that are scored by any parameters of a model, toward those of one or several references. Batch normalisation uses
 * its running statistics, so a classifier's sample is scored independently of the other samples; a contrastive loss compares
 * the samples of a batch.
 */
public final class ModelSource implements ScoreSource {
    /** Samples that go through a classifier at a time; their scores don't depend on it. */
    public static final int CHUNK = 32;

    /** Batches whose results a device keeps until they are read. */
    private static final int BATCHES_AT_ONCE = 64;

    /** A batch that was scored, and what it gave. */
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
        checkMimicLayer();
        layers = RecordingLayers.builder(builder.weights.parameters())
                .mimic(mimicLayer)
                .references(references.stream().map(ModelWeights::parameters).toList())
                .training(false)
                .build();
        if (model instanceof ContrastiveModel) layers.contrastive(contrastive);
    }

    /**
     * A source over a model.
     *
     * @param weights θ; scores are computed on their device
     * @param samples the caller closes them after the source
     */
    public static Builder builder(Architecture model, ModelWeights weights, Samples samples) {
        return new Builder(model, weights, samples);
    }

    /** What a source is made of. References and the mimic layer have to be given. */
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

        /** θ_ref, one or several. */
        public Builder references(ModelWeights... references) {
            this.references = List.of(references);
            return this;
        }

        /** @param names of parameters; there is one ‖V‖ over all of them */
        public Builder mimicLayer(List<String> names) {
            mimicLayer = names;
            return this;
        }

        /** What a score is where the loss couples samples; exact without this call. */
        public Builder contrastive(ContrastiveScore score) {
            contrastive = score;
            return this;
        }

        /** Makes one score of those toward several references; without this call each is kept. */
        public Builder combine(ReferenceCombination combination) {
            this.combination = combination;
            return this;
        }

        /**
         * The source.
         *
         * @throws InputException that names what does not fit
         * @throws InvalidArgumentException without a reference or a mimic layer
         */
        public ModelSource build() {
            if (references.isEmpty()) throw new InvalidArgumentException("there is no reference");
            if (mimicLayer.isEmpty()) throw new InvalidArgumentException("there is no mimic layer");
            return new ModelSource(this);
        }
    }

    /**
     * Number of samples that {@link Samples#next} must give at a time for a model: a contrastive loss needs a whole batch.
     *
     * @param batchSize number of samples that are weighed against each other; 0: all
     */
    public static int samplesAtATime(Architecture model, int batchSize) {
        return model instanceof ContrastiveModel ? batchSize : CHUNK;
    }

    private void checkMimicLayer() {
        for (String name : mimicLayer) {
            if (model instanceof ContrastiveModel
                    && contrastive == ContrastiveScore.PATH
                    && Set.of(ContrastiveModel.LOGIT_SCALE, ContrastiveModel.LOGIT_BIAS)
                            .contains(name)) {
                throw new InputException(name + " works on the batch as a whole, and path looks at samples one by one;"
                        + " leave it out of the mimic layer, or ask for exact scores");
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
                    + " cannot be had of a contrastive loss: a sample has no gradient of its own there;"
                    + " proj and normed_proj can");
        }
        boolean weighs = kind != Weighting.Kind.PROJ && kind != Weighting.Kind.COS;
        if (references.size() == 1) {
            if (combination == null) return;
            throw new InputException("there is one reference; only scores toward several are combined");
        }
        if (combination == null && weighs) {
            throw new InputException(kind + " weighs samples by one score each, and there are " + references.size()
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

    /** The next batches, in the caller's scope. A read leaves a device idle, so there it takes many at once. */
    private List<Scored> batches(Wanted wanted) {
        List<Scored> batches = new ArrayList<>();
        int most = device.asynchronous() ? BATCHES_AT_ONCE : 1;
        while (batches.size() < most) {
            Tensor numbers = new Tensor(); // outlives its batch
            try (PointerScope scope = new PointerScope()) {
                Samples.Batch batch = samples.next();
                if (batch == null) break;
                numbers.put(score(batch, wanted));
                batches.add(new Scored(batch.ids(), numbers));
            }
        }
        return batches;
    }

    /** All that a batch of n samples gives, side by side: ‖V‖, scores, losses, norms; which samples spoil all others. */
    private Tensor score(Samples.Batch batch, Wanted wanted) {
        Tensor images = device.move(batch.images());
        Tensor targets = device.move(batch.targets());
        if (model instanceof ImageClassifier classifier) {
            Tensor losses = Losses.crossEntropy(classifier.logits(layers, images), targets);
            return numbers(layers.scoreTensors(losses, wanted.gradientNorms()), wanted, null);
        }
        ContrastiveBatch pairs = pairs((ContrastiveModel) model, images, targets);
        return numbers(layers.scoreTensors(pairs), wanted, pairs.invalidFeatureMask());
    }

    /** SigLIP's loss where the model has a bias for it, else CLIP's. */
    private ContrastiveBatch pairs(ContrastiveModel pairModel, Tensor images, Tensor captions) {
        ContrastiveModel.Features features = pairModel.features(layers, images, captions);
        Tensor scale = layers.scalar(ContrastiveModel.LOGIT_SCALE).exp();
        return pairModel.hasLogitBias()
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

    /** Frees what the layers hold; a second call does nothing. */
    @Override
    public void close() {
        layers.close();
    }
}
