package org.gradmimic.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.ScoreKind;
import org.gradmimic.kernel.GradmimicException;
import org.gradmimic.model.Clip;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.Model;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.select.InputException;
import org.gradmimic.tap.ContrastiveBatch;
import org.gradmimic.tap.ContrastiveScore;
import org.gradmimic.tap.LayerScores;
import org.gradmimic.tap.Losses;
import org.gradmimic.tap.SampleWeights;
import org.gradmimic.tap.Taps;

/**
 * Scores samples by any parameters of a model, toward those of a reference. Batch normalisation uses its running statistics,
 * so that a classifier's sample is scored by itself whatever stands beside it; a contrastive loss compares the samples of a
 * batch.
 */
public final class ModelScoring {
    /** Samples that go through a classifier at a time; their scores don't depend on it. */
    public static final int CHUNK = 32;

    private static final int NAMED = 10;

    /**
     * What to score.
     *
     * @param model an {@link ImageClassifier} or {@link Clip}
     * @param weights θ
     * @param reference θ_ref
     * @param mimicLayer names of parameters; one ‖V‖ over all of them
     * @param kind what is asked for: {@code proj} and {@code cos} are scores (NaN where not finite), the others weights (0
     *     there)
     * @param temperature τ of the softmax kinds
     * @param lambda λ of opt
     * @param batchSize samples that weigh against each other, and that a contrastive loss compares; 0: all
     * @param gradientNorms whether ‖g_i‖ is asked for, too
     * @param contrastive what a score is where the loss couples samples
     */
    public record Request(
            Model model,
            ModelWeights weights,
            ModelWeights reference,
            List<String> mimicLayer,
            ScoreKind kind,
            double temperature,
            double lambda,
            int batchSize,
            boolean gradientNorms,
            ContrastiveScore contrastive) {}

    /**
     * What was found.
     *
     * @param values [N] scores or weights
     * @param losses [N]
     * @param gradientNorms [N]; empty if they weren't asked for
     * @param nonFinite samples without a finite score
     * @param nonFiniteRows the first ten of them
     * @param culprits the first ten samples of a contrastive loss whose features are not finite, or zero: none of their batches
     *     has a finite score
     * @param directionNorm ‖V‖
     */
    public record Result(
            float[] values,
            float[] losses,
            float[] gradientNorms,
            long nonFinite,
            List<Long> nonFiniteRows,
            List<Long> culprits,
            double directionNorm) {}

    private final Request request;
    private final Samples samples;
    private final boolean norms;
    private final double[] scores;
    private final double[] losses;
    private final double[] gradientNorms;
    private final List<Long> culprits = new ArrayList<>();
    private double directionNorm;

    private ModelScoring(Request request, Samples samples) {
        this.request = request;
        this.samples = samples;
        norms = needsNorms(request);
        int count = Math.toIntExact(samples.count());
        scores = new double[count];
        losses = new double[count];
        gradientNorms = new double[norms ? count : 0];
    }

    private static boolean needsNorms(Request request) {
        return request.gradientNorms()
                || switch (request.kind()) {
                    case COS, NORMED_COS, OPT -> true;
                    case PROJ, NORMED_PROJ -> false;
                };
    }

    /**
     * Samples that {@link Samples#next} must give at a time for a model: a contrastive loss looks at a batch as a whole.
     *
     * @param batchSize as in the request
     */
    public static int samplesAtATime(Model model, int batchSize) {
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
            if (request.reference().fresh().contains(name)) {
                throw new InputException(
                        "the reference has " + name + " for another number of classes; it cannot be the mimic layer");
            }
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
        try (Taps taps = new Taps(
                request.weights().parameters(),
                request.mimicLayer(),
                List.of(request.reference().parameters()),
                false)) {
            if (request.model() instanceof Clip) taps.contrastive(request.contrastive());
            scoring.score(taps, progress);
        }
        return scoring.result();
    }

    private void score(Taps taps, LongConsumer progress) {
        long done = 0;
        while (true) {
            try (PointerScope scope = new PointerScope()) {
                Samples.Batch batch = samples.next();
                if (batch == null) return;
                LayerScores found = score(taps, batch);
                directionNorm = found.directionNorms()[0];
                for (int i = 0; i < batch.ids().length; i++) {
                    int row = Math.toIntExact(batch.ids()[i]);
                    scores[row] = found.scores()[0][i];
                    losses[row] = found.losses()[i];
                    if (norms) gradientNorms[row] = found.gradientNorms()[i];
                }
                done += batch.ids().length;
            }
            progress.accept(done);
        }
    }

    private LayerScores score(Taps taps, Samples.Batch batch) {
        if (request.model() instanceof ImageClassifier classifier) {
            Tensor logits = classifier.logits(taps, batch.images());
            return taps.score(Losses.crossEntropy(logits, batch.targets()), norms);
        }
        if (request.model() instanceof Clip clip) return score(taps, clip, batch);
        throw new IllegalArgumentException("a " + request.model().getClass().getSimpleName() + " is not scored");
    }

    /** SigLIP's loss where the model has a bias for it, else CLIP's. */
    private LayerScores score(Taps taps, Clip clip, Samples.Batch batch) {
        Clip.Features features = clip.features(taps, batch.images(), batch.targets());
        Tensor scale = taps.scalar(Clip.LOGIT_SCALE).exp();
        ContrastiveBatch pairs = clip.bias()
                ? ContrastiveBatch.siglip(features.image(), features.text(), scale, taps.scalar(Clip.LOGIT_BIAS))
                : ContrastiveBatch.clip(features.image(), features.text(), scale);
        LayerScores found = taps.score(pairs);
        if (!DoubleStream.of(found.losses()).allMatch(Double::isFinite)) {
            for (int place : pairs.broken()) if (culprits.size() < NAMED) culprits.add(batch.ids()[place]);
        }
        return found;
    }

    private Result result() {
        List<Long> named = new ArrayList<>();
        long nonFinite = 0;
        for (int i = 0; i < scores.length; i++) {
            if (Double.isFinite(scores[i]) && (!norms || Double.isFinite(gradientNorms[i]))) continue;
            // A score of infinite norm is none: 0 would be its cosine.
            scores[i] = Double.NaN;
            nonFinite++;
            if (named.size() < NAMED) named.add((long) i);
        }
        if (scores.length > 0 && nonFinite == scores.length) {
            throw new InputException(
                    samples.name() + ": none of its " + scores.length + " samples has a finite score" + blame());
        }
        return new Result(
                values(),
                floats(losses),
                floats(gradientNorms),
                nonFinite,
                List.copyOf(named),
                List.copyOf(culprits),
                directionNorm);
    }

    /** Whose features spoil those of their batch; empty if nobody's do. */
    private String blame() {
        return culprits.isEmpty() ? "" : ": " + blame(culprits);
    }

    /** Says whose features spoil the scores of those they are compared with. */
    public static String blame(List<Long> culprits) {
        return "non-finite or zero features: sample" + (culprits.size() == 1 ? " " : "s ")
                + culprits.stream().map(String::valueOf).collect(Collectors.joining(", "))
                + (culprits.size() == NAMED ? ", ..." : "")
                + "; the scores of all others in a batch depend on them";
    }

    private float[] values() {
        return switch (request.kind()) {
            case PROJ -> floats(scores);
            case COS -> {
                double[] cosines = new double[scores.length];
                Arrays.setAll(cosines, i -> gradientNorms[i] == 0 ? 0 : scores[i] / gradientNorms[i]);
                yield floats(cosines);
            }
            case NORMED_PROJ, NORMED_COS, OPT -> weights();
        };
    }

    private float[] weights() {
        float[] weights = new float[scores.length];
        int batch = request.batchSize() == 0 ? Math.max(1, scores.length) : request.batchSize();
        try (SampleWeights rule = new SampleWeights()) {
            for (int from = 0; from < scores.length; from += batch) {
                int to = Math.min(scores.length, from + batch);
                float[] some = rule.of(
                        request.kind().weighting(request.temperature(), request.lambda()),
                        Arrays.copyOfRange(scores, from, to),
                        norms ? Arrays.copyOfRange(gradientNorms, from, to) : null,
                        directionNorm);
                System.arraycopy(some, 0, weights, from, some.length);
            }
        } catch (GradmimicException.NonFinite e) {
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
