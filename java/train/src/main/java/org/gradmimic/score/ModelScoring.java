package org.gradmimic.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.gradmimic.layer.ContrastiveBatch;
import org.gradmimic.layer.ContrastiveScore;
import org.gradmimic.layer.Losses;
import org.gradmimic.layer.RecordingLayers;
import org.gradmimic.layer.SampleWeights;
import org.gradmimic.layer.ScoreTensors;
import org.gradmimic.model.Architecture;
import org.gradmimic.model.Clip;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.ModelWeights;
import org.jspecify.annotations.Nullable;

/**
 * Scores samples by any parameters of a model, toward those of a reference. Batch normalisation uses its running statistics,
 * so that a classifier's sample is scored by itself whatever stands beside it; a contrastive loss compares the samples of a
 * batch.
 */
public final class ModelScoring {
    /** Samples that go through a classifier at a time; their scores don't depend on it. */
    public static final int CHUNK = 32;

    /** Batches whose results a device keeps until they are read. */
    private static final int BATCHES_AT_ONCE = 64;

    private static final int NAMED = 10;

    /** A batch that was scored, and what it gave. */
    private record Scored(long[] ids, Tensor numbers) {}

    /**
     * What to score.
     *
     * @param model an {@link ImageClassifier} or {@link Clip}
     * @param weights θ
     * @param references θ_ref, one or several
     * @param mimicLayer names of parameters; one ‖V‖ over all of them
     * @param kind what is asked for: {@code proj} and {@code cos} are scores (NaN where not finite), the others weights (0
     *     there)
     * @param temperature τ of the softmax kinds
     * @param lambda λ of opt
     * @param batchSize samples that weigh against each other, and that a contrastive loss compares; 0: all
     * @param gradientNorms whether ‖g_i‖ is asked for, too
     * @param contrastive what a score is where the loss couples samples
     * @param combination what becomes of the scores toward several references; null to keep each
     * @param device where the model and the weights are
     */
    public record Request(
            Architecture model,
            ModelWeights weights,
            List<ModelWeights> references,
            List<String> mimicLayer,
            Weighting.Kind kind,
            double temperature,
            double lambda,
            int batchSize,
            boolean gradientNorms,
            ContrastiveScore contrastive,
            @Nullable ReferenceCombination combination,
            Device device) {

        public Request {
            kind.requireOfScores();
        }

        /** Numbers a sample gets: one, or one for each reference. */
        int results() {
            return combination == null ? references.size() : 1;
        }
    }

    /**
     * What was found.
     *
     * @param values [N] scores or weights; [K,N] where those toward several references are kept
     * @param results K, or 1
     * @param losses [N]
     * @param gradientNorms [N]; empty if they weren't asked for
     * @param nonFinite samples without a finite score, toward one of the references at least
     * @param nonFiniteRows the first ten of them
     * @param invalidSamples the first ten samples of a contrastive loss whose features are not finite, or zero: none of their batches
     *     has a finite score
     * @param directionNorms [K] ‖V‖ of every reference
     */
    public record Result(
            float[] values,
            int results,
            float[] losses,
            float[] gradientNorms,
            long nonFinite,
            List<Long> nonFiniteRows,
            List<Long> invalidSamples,
            double[] directionNorms) {}

    private final Request request;
    private final Samples samples;
    private final boolean norms;
    /** [results][N] */
    private final double[][] scores;

    private final double[] losses;
    private final double[] gradientNorms;
    private final List<Long> invalidSamples = new ArrayList<>();
    private double[] directionNorms;

    private ModelScoring(Request request, Samples samples) {
        this.request = request;
        this.samples = samples;
        norms = needsNorms(request);
        int count = Math.toIntExact(samples.count());
        scores = new double[request.results()][count];
        directionNorms = new double[request.references().size()];
        losses = new double[count];
        gradientNorms = new double[norms ? count : 0];
    }

    private static boolean needsNorms(Request request) {
        return request.gradientNorms() || request.kind().needsNorms();
    }

    /**
     * Samples that {@link Samples#next} must give at a time for a model: a contrastive loss looks at a batch as a whole.
     *
     * @param batchSize as in the request
     */
    public static int samplesAtATime(Architecture model, int batchSize) {
        return model instanceof Clip ? batchSize : CHUNK;
    }

    /**
     * Refuses what can't be served, before anything is computed.
     *
     * @throws InputException that names it
     */
    public static void check(Request request) {
        if (request.batchSize() < 0) {
            throw new InputException(
                    "the batch size is " + request.batchSize() + "; it must be positive, or 0 for all");
        }
        if (request.model() instanceof Clip && needsNorms(request)) {
            throw new InputException(
                    (request.gradientNorms() ? "gradient norms" : request.kind().toString())
                            + " cannot be had of a contrastive loss: a sample has no gradient of its own there;"
                            + " proj and normed_proj can");
        }
        for (String name : request.mimicLayer()) {
            if (request.model() instanceof Clip
                    && request.contrastive() == ContrastiveScore.PATH
                    && Set.of(Clip.LOGIT_SCALE, Clip.LOGIT_BIAS).contains(name)) {
                throw new InputException(name + " works on the batch as a whole, and path looks at samples one by one;"
                        + " leave it out of the mimic layer, or ask for exact scores");
            }
            if (request.references().stream()
                    .anyMatch(reference -> reference.reinitialised().contains(name))) {
                throw new InputException(
                        "the reference has " + name + " for another number of classes; it cannot be the mimic layer");
            }
        }
        checkCombination(request);
    }

    private static void checkCombination(Request request) {
        boolean weighs = request.kind() != Weighting.Kind.PROJ && request.kind() != Weighting.Kind.COS;
        if (request.references().size() == 1) {
            if (request.combination() == null) return;
            throw new InputException("there is one reference; only scores toward several are combined");
        }
        if (request.combination() == null && weighs) {
            throw new InputException(request.kind() + " weighs samples by one score each, and there are "
                    + request.references().size() + " references: combine them by mean or min, or give one");
        }
        if (request.combination() == null) return;
        request.combination().check(request.references().size());
        if (request.kind() != Weighting.Kind.PROJ && request.kind() != Weighting.Kind.NORMED_PROJ) {
            throw new InputException(request.kind() + " needs one reference, not the "
                    + request.combination().rule() + " of several");
        }
    }

    /**
     * Scores every sample.
     *
     * @param progress told the samples done so far
     * @throws InputException if no sample of a batch whose samples weigh against each other has a finite score
     */
    public static Result run(Request request, Samples samples, LongConsumer progress) {
        check(request);
        ModelScoring scoring = new ModelScoring(request, samples);
        try (RecordingLayers layers = RecordingLayers.builder(request.weights().parameters())
                .mimic(request.mimicLayer())
                .references(request.references().stream()
                        .map(ModelWeights::parameters)
                        .toList())
                .training(false)
                .build()) {
            if (request.model() instanceof Clip) layers.contrastive(request.contrastive());
            scoring.score(layers, progress);
        }
        return scoring.result();
    }

    private void score(RecordingLayers layers, LongConsumer progress) {
        long done = 0;
        while (true) {
            try (PointerScope scope = new PointerScope()) {
                List<Scored> block = next(layers);
                if (block.isEmpty()) return;
                keep(block);
                for (Scored batch : block) done += batch.ids().length;
            }
            progress.accept(done);
        }
    }

    /** The next batches, in the caller's scope. A read leaves a device idle, so there it takes many at once. */
    private List<Scored> next(RecordingLayers layers) {
        List<Scored> block = new ArrayList<>();
        int batches = request.device().asynchronous() ? BATCHES_AT_ONCE : 1;
        while (block.size() < batches) {
            Tensor numbers = new Tensor(); // outlives its batch
            try (PointerScope scope = new PointerScope()) {
                Samples.Batch batch = samples.next();
                if (batch == null) break;
                numbers.put(score(layers, batch));
                block.add(new Scored(batch.ids(), numbers));
            }
        }
        return block;
    }

    /** All that a batch of n samples gives, side by side: ‖V‖, scores, losses, norms; which samples spoil all others. */
    private Tensor score(RecordingLayers layers, Samples.Batch batch) {
        Tensor images = request.device().move(batch.images());
        Tensor targets = request.device().move(batch.targets());
        if (request.model() instanceof ImageClassifier classifier) {
            Tensor logits = classifier.logits(layers, images);
            return numbers(layers.scoreTensors(Losses.crossEntropy(logits, targets), norms), null);
        }
        if (request.model() instanceof Clip clip) {
            ContrastiveBatch pairs = pairs(layers, clip, images, targets);
            return numbers(layers.scoreTensors(pairs), pairs.invalidFeatureMask());
        }
        throw new InvalidArgumentException("a " + request.model().getClass().getSimpleName() + " is not scored");
    }

    /** SigLIP's loss where the model has a bias for it, else CLIP's. */
    private static ContrastiveBatch pairs(RecordingLayers layers, Clip clip, Tensor images, Tensor captions) {
        Clip.Features features = clip.features(layers, images, captions);
        Tensor scale = layers.scalar(Clip.LOGIT_SCALE).exp();
        return clip.bias()
                ? ContrastiveBatch.siglip(features.image(), features.text(), scale, layers.scalar(Clip.LOGIT_BIAS))
                : ContrastiveBatch.clip(features.image(), features.text(), scale);
    }

    private Tensor numbers(ScoreTensors found, @Nullable Tensor invalidFeatures) {
        ReferenceCombination combination = request.combination();
        Tensor ofBatch = combination == null ? found.scores() : combination.of(found.scores());
        TensorVector parts = new TensorVector(found.directionNorms(), ofBatch.reshape(-1), found.losses());
        if (norms) parts.push_back(found.gradientNorms());
        if (invalidFeatures != null) parts.push_back(invalidFeatures.to(ScalarType.Double));
        return torch.cat(parts);
    }

    private void keep(List<Scored> block) {
        double[] all = Host.doubles(
                torch.cat(new TensorVector(block.stream().map(Scored::numbers).toArray(Tensor[]::new))));
        int at = 0;
        for (Scored batch : block) {
            long[] ids = batch.ids();
            directionNorms = Arrays.copyOfRange(all, at, at + directionNorms.length);
            at += directionNorms.length;
            for (double[] ofOne : scores) at = spread(all, at, ids, ofOne);
            at = spread(all, at, ids, losses);
            if (norms) at = spread(all, at, ids, gradientNorms);
            if (!(request.model() instanceof Clip)) continue;
            boolean finite = true;
            for (long id : ids) finite &= Double.isFinite(losses[Math.toIntExact(id)]);
            for (int i = 0; i < ids.length && !finite; i++) {
                if (all[at + i] != 0 && invalidSamples.size() < NAMED) invalidSamples.add(ids[i]);
            }
            at += ids.length;
        }
    }

    /** Numbers of some samples to their places among all; gives where the next ones are. */
    private static int spread(double[] numbers, int at, long[] ids, double[] to) {
        for (int i = 0; i < ids.length; i++) to[Math.toIntExact(ids[i])] = numbers[at + i];
        return at + ids.length;
    }

    private Result result() {
        List<Long> named = new ArrayList<>();
        long nonFinite = 0;
        for (int i = 0; i < losses.length; i++) {
            boolean finite = true;
            for (double[] score : scores) {
                // A score of infinite norm is none: 0 would be its cosine.
                if (!Double.isFinite(score[i]) || norms && !Double.isFinite(gradientNorms[i])) score[i] = Double.NaN;
                finite &= Double.isFinite(score[i]);
            }
            if (finite) continue;
            nonFinite++;
            if (named.size() < NAMED) named.add((long) i);
        }
        if (losses.length > 0 && nonFinite == losses.length) {
            throw new InputException(
                    samples.name() + ": none of its " + losses.length + " samples has a finite score" + blame());
        }
        return new Result(
                values(),
                scores.length,
                floats(losses),
                floats(gradientNorms),
                nonFinite,
                List.copyOf(named),
                List.copyOf(invalidSamples),
                directionNorms);
    }

    /** Whose features spoil those of their batch; empty if nobody's do. */
    private String blame() {
        return invalidSamples.isEmpty() ? "" : ": " + blame(invalidSamples);
    }

    /** Says whose features spoil the scores of those they are compared with. */
    public static String blame(List<Long> invalidSamples) {
        return "non-finite or zero features: sample" + (invalidSamples.size() == 1 ? " " : "s ")
                + invalidSamples.stream().map(String::valueOf).collect(Collectors.joining(", "))
                + (invalidSamples.size() == NAMED ? ", ..." : "")
                + "; the scores of all others in a batch depend on them";
    }

    /** Those of one reference after those of the other. */
    private float[] values() {
        float[] values = new float[scores.length * losses.length];
        for (int k = 0; k < scores.length; k++) {
            float[] some = values(scores[k]);
            System.arraycopy(some, 0, values, k * losses.length, losses.length);
        }
        return values;
    }

    private float[] values(double[] ofOne) {
        return switch (request.kind()) {
            case PROJ -> floats(ofOne);
            case COS -> {
                double[] cosines = new double[ofOne.length];
                Arrays.setAll(cosines, i -> gradientNorms[i] == 0 ? 0 : ofOne[i] / gradientNorms[i]);
                yield floats(cosines);
            }
            default -> weights(ofOne);
        };
    }

    private float[] weights(double[] ofOne) {
        float[] weights = new float[ofOne.length];
        int batch = request.batchSize() == 0 ? Math.max(1, ofOne.length) : request.batchSize();
        try (PointerScope scope = new PointerScope();
                SampleWeights rule = new SampleWeights(Device.CPU)) {
            Tensor squared = Tensors.of(new double[] {directionNorms[0] * directionNorms[0]}, 1);
            for (int from = 0; from < ofOne.length; from += batch) {
                int to = Math.min(ofOne.length, from + batch);
                float[] some = Host.floats(rule.of(
                        Weighting.of(request.kind(), request.temperature(), request.lambda()),
                        Tensors.of(Arrays.copyOfRange(ofOne, from, to), to - from),
                        norms ? Tensors.of(Arrays.copyOfRange(gradientNorms, from, to), to - from) : null,
                        squared));
                System.arraycopy(some, 0, weights, from, some.length);
            }
        } catch (NonFiniteException e) {
            throw new InputException(
                    samples.name() + ": no sample of a batch of " + batch + " has a finite score" + blame(), e);
        }
        return weights;
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) floats[i] = (float) values[i];
        return floats;
    }
}
