package org.gradmimic.tap;

import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Calibration;
import org.gradmimic.Combination;
import org.gradmimic.ScoreTable;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.kernel.OpenResources;
import org.jspecify.annotations.Nullable;

/**
 * Training steps with any layer, or all, as mimic layer: scores and weights of the samples a forward pass through
 * {@link Taps} has seen, then the weighted gradients.
 *
 * <ul>
 *   <li>{@link Calibration#LAYER}: one backward pass of the mean loss; the mimic layer's gradients are Σ w_i g_i from its
 *       inputs and δ, all others what plain training has.
 *   <li>{@link Calibration#ALL}: the backward pass goes down to the last {@link Layers#boundary} below which no mimic layer
 *       lies and forms δ only; then come the scores and weights, the weighted gradients of everything above, and the rest of
 *       the backward pass from w ⊙ δ.
 * </ul>
 *
 * <p>Losses must not couple samples; {@link #step(ContrastiveBatch, Tensor)} is for those that do. Only parameters that the
 * taps were given are trained. For one thread at a time.
 */
public final class MimicSteps implements AutoCloseable {
    private final Taps taps;
    private final Calibration calibration;
    private final Combination combination;
    private final @Nullable ScoreTable table;
    private final SampleWeights sampleWeights;
    private Weighting weighting;
    private @Nullable MimicStep current;
    private @Nullable BackwardPass pending;
    private boolean closed;

    /** For one reference; see the other constructor. */
    public MimicSteps(Taps taps, Weighting weighting, Calibration calibration, @Nullable ScoreTable table) {
        this(taps, weighting, calibration, Combination.one(0), table);
    }

    /**
     * @param taps record the forward passes; not owned
     * @param weighting how scores become weights; not {@code AGRA} and {@code RHO}, which the head has
     * @param calibration which parameters the weights reach
     * @param combination which score weighs, where there are several references
     * @param table keeps ids, scores, weights and losses; null keeps none
     * @throws IllegalArgumentException for a weighting that needs something else than scores
     */
    public MimicSteps(
            Taps taps,
            Weighting weighting,
            Calibration calibration,
            Combination combination,
            @Nullable ScoreTable table) {
        combination.check(taps.recorder().references());
        this.taps = taps;
        this.calibration = calibration;
        this.combination = combination;
        this.table = table;
        this.weighting = checked(weighting);
        taps.everyTrained(calibration == Calibration.ALL);
        sampleWeights = new SampleWeights();
        OpenResources.opened();
    }

    private Weighting checked(Weighting asked) {
        if (asked.kind() == Weighting.Kind.AGRA || asked.kind() == Weighting.Kind.RHO) {
            throw new IllegalArgumentException("weighting " + asked.kind()
                    + " is not made from scores toward a reference; it is for a classification head (MimicHead)");
        }
        combination.check(asked);
        return asked;
    }

    /** Changes the weighting from the next step on, as at the end of plain training before a starting epoch. */
    public void weighting(Weighting asked) {
        weighting = checked(asked);
    }

    /**
     * Scores and weighs the batch of the forward pass that made these losses. Nothing is trained before
     * {@link MimicStep#backward()}.
     *
     * @param losses ℓ_i [B], with their graph, each a function of sample i alone (batch normalisation aside)
     * @param ids [B] long, the samples' names in the score table; null counts from 0
     * @throws IllegalStateException for a mimic layer's parameter that no tap saw
     * @throws org.gradmimic.kernel.GradmimicException.NonFinite if no sample has a finite loss and score
     */
    public MimicStep step(Tensor losses, @Nullable Tensor ids) {
        begin();
        try (PointerScope scope = new PointerScope()) {
            ForwardPass forward = Deltas.take(taps, losses);
            double[] values = Deltas.doubles(losses);
            return step(forward, values, ids, () -> new int[0], () -> {
                pending = new DecoupledPass(taps.recorder().parameters(), forward, calibration, losses);
                return Deltas.scores(taps, forward, values, weighting.kind().needsNorms());
            });
        }
    }

    /**
     * As {@link #step(Tensor, Tensor)} for a contrastive loss, after {@link Taps#contrastive}. The weights multiply the losses.
     *
     * @throws IllegalArgumentException for a weighting by gradient norms, which have no exact form here
     */
    public MimicStep step(ContrastiveBatch batch, @Nullable Tensor ids) {
        if (weighting.kind().needsNorms()) {
            throw new IllegalArgumentException("weighting " + weighting.kind()
                    + " needs gradient norms, which samples of a contrastive loss don't have");
        }
        ContrastiveScore score = taps.requireContrastive();
        begin();
        try (PointerScope scope = new PointerScope()) {
            Tensor losses = batch.losses();
            ForwardPass forward = Deltas.take(taps, losses);
            double[] values = Deltas.doubles(losses);
            return step(forward, values, ids, batch::broken, () -> {
                pending = new ContrastivePass(taps.recorder().parameters(), forward, calibration, losses);
                if (score == ContrastiveScore.EXACT) return ContrastiveScores.exact(taps, forward, batch);
                return Deltas.scores(taps, forward, losses, false, true);
            });
        }
    }

    private void begin() {
        if (closed) throw new IllegalStateException("these steps are closed");
        current = null;
        release();
    }

    /** Scores by a backward pass that leaves its second half in {@link #pending}, unless a number is not finite. */
    private MimicStep step(
            ForwardPass forward,
            double[] losses,
            @Nullable Tensor ids,
            Supplier<int[]> culprits,
            Supplier<LayerScores> firstHalf) {
        try {
            long[] names = names(ids, losses.length);
            List<Long> bad = MimicStep.nonFinite(names, culprits, losses);
            LayerScores scores = bad.isEmpty() ? firstHalf.get() : none(losses);
            double[] combined = combination.of(scores.scores());
            if (bad.isEmpty()) {
                bad = scores.gradientNorms() == null
                        ? MimicStep.nonFinite(names, combined)
                        : MimicStep.nonFinite(names, combined, scores.gradientNorms());
            }
            float[] weights = bad.isEmpty() ? weights(scores, combined) : new float[losses.length];
            if (table != null) table.append(names, combined, weights, losses);
            current = new MimicStep(this, scores, combined, weights, bad);
            return current;
        } finally {
            if (current == null || current.skipped()) release();
            if (pending == null) forward.close();
        }
    }

    private LayerScores none(double[] losses) {
        double[] scores = new double[losses.length];
        Arrays.fill(scores, Double.NaN);
        double[][] ofEach = new double[taps.recorder().references()][];
        Arrays.fill(ofEach, scores);
        return new LayerScores(losses, ofEach, null, new double[ofEach.length]);
    }

    private float[] weights(LayerScores scores, double[] combined) {
        return sampleWeights.of(
                weighting, combined, scores.gradientNorms(), scores.directionNorms()[combination.reference()]);
    }

    private static long[] names(@Nullable Tensor ids, int rows) {
        long[] names = new long[rows];
        if (ids == null) {
            for (int i = 0; i < rows; i++) names[i] = i;
            return names;
        }
        Tensors.requireLong("ids", ids);
        Tensors.requireShape("ids", ids, rows);
        if (rows > 0) ids.contiguous().data_ptr_long().get(names);
        return names;
    }

    void requireCurrent(MimicStep step) {
        if (closed) throw new IllegalStateException("these steps are closed");
        if (step != current) {
            throw new IllegalStateException("another step has begun; this one's δ is gone");
        }
    }

    void backward(float[] weights, double share) {
        try {
            pending.run(weights, share);
        } finally {
            release();
        }
    }

    /** Forgets a backward pass with its forward pass. */
    private void release() {
        if (pending == null) return;
        pending.close();
        pending = null;
    }

    @Override
    public void close() {
        if (closed) return;
        release();
        closed = true;
        sampleWeights.close();
        OpenResources.closed();
    }
}
