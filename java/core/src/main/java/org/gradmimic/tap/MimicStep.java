package org.gradmimic.tap;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.gradmimic.kernel.GradmimicException;

/**
 * A scored batch of {@link MimicSteps}. Its numbers are its own and stay; {@link #backward()} belongs to the time before the
 * next forward pass.
 */
public final class MimicStep {
    private final MimicSteps steps;
    private final LayerScores layerScores;
    private final double[] scores;
    private final float[] weights;
    private final List<Long> nonFiniteIds;
    private boolean done;

    MimicStep(MimicSteps steps, LayerScores layerScores, double[] scores, float[] weights, List<Long> nonFiniteIds) {
        this.steps = steps;
        this.layerScores = layerScores;
        this.scores = scores;
        this.weights = weights;
        this.nonFiniteIds = nonFiniteIds;
    }

    /** Losses, the scores toward every reference, and norms where the weighting looks at them. */
    public LayerScores layerScores() {
        return layerScores;
    }

    /** [B] the raw score of every sample that weighs it, whatever the weights are made of. */
    public double[] scores() {
        return scores.clone();
    }

    /** [B] the weights w_i; all 0 where the step is skipped. */
    public float[] weights() {
        return weights.clone();
    }

    /** The mean of the finite losses. */
    public double meanLoss() {
        double sum = 0;
        int finite = 0;
        for (double loss : layerScores.losses()) {
            if (!Double.isFinite(loss)) continue;
            sum += loss;
            finite++;
        }
        return finite == 0 ? 0 : sum / finite;
    }

    /**
     * Whether nothing will be trained: a sample whose loss or score is not finite may have spoilt the others' below the head,
     * through normalisation over the batch; of a contrastive loss it has spoilt them all.
     */
    public boolean skipped() {
        return !nonFiniteIds.isEmpty();
    }

    /**
     * The ids of the samples whose loss or score is not finite (their places in the batch where no ids were given). Of a
     * contrastive batch those whose features are to blame, if there are any: no other has a finite loss then.
     */
    public List<Long> nonFiniteIds() {
        return nonFiniteIds;
    }

    /** As {@link #backward(double)} with a share of 1. */
    public void backward() {
        backward(1);
    }

    /**
     * Adds this batch's gradients to those of the parameters; nothing for a skipped step.
     *
     * @param share of this batch in the samples that one step of the optimiser sees: weights sum to one over this batch, and
     *     are rescaled by it when gradients of several are accumulated
     * @throws IllegalStateException if it ran already, or another forward pass has begun
     */
    public void backward(double share) {
        steps.requireCurrent(this);
        if (done) throw new IllegalStateException("backward() ran already; the step's δ is used up");
        done = true;
        if (!skipped()) steps.backward(weights, share);
    }

    /** The ids of samples with a number that is not finite. */
    static List<Long> nonFinite(long[] ids, double[]... numbers) {
        return nonFinite(ids, () -> new int[0], numbers);
    }

    /** @param culprits the places of samples that spoil all others; asked for where a number is not finite */
    static List<Long> nonFinite(long[] ids, Supplier<int[]> culprits, double[]... numbers) {
        List<Long> found = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            boolean finite = true;
            for (double[] number : numbers) finite &= Double.isFinite(number[i]);
            if (!finite) found.add(ids[i]);
        }
        int[] spoilers = found.isEmpty() ? new int[0] : culprits.get();
        if (spoilers.length > 0 && spoilers.length < ids.length) {
            return IntStream.of(spoilers).mapToObj(i -> ids[i]).toList();
        }
        if (!found.isEmpty() && found.size() == ids.length) {
            throw new GradmimicException.NonFinite(
                    "none of the " + ids.length + " samples of the batch has a finite loss and score");
        }
        return List.copyOf(found);
    }
}
