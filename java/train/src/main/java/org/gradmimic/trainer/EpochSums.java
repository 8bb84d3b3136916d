package org.gradmimic.trainer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.ScoreTable;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What an epoch's metrics are made of, summed up as the score table is drained. It is part of a checkpoint, and its sums
 * have the same bits wherever an epoch was interrupted.
 */
final class EpochSums implements ScoreTable.Sink {
    /** A weight below that of plain training, by more than rounding. */
    private static final double BELOW_PLAIN = 1 - 1e-5;

    private final ScoreTable.Sink next;
    private double loss;
    private long finite;
    private long scored;
    private long negative;
    private long downWeighted;
    private long kept;
    private long samples;
    private long correct;
    private double seconds;
    private double waited;
    private final List<Long> nonFinite = new ArrayList<>();

    /** @param next receives every batch too */
    EpochSums(ScoreTable.Sink next) {
        this.next = next;
    }

    /** Begins an epoch. */
    void clear() {
        loss = 0;
        finite = 0;
        scored = 0;
        negative = 0;
        downWeighted = 0;
        kept = 0;
        samples = 0;
        correct = 0;
        seconds = 0;
        waited = 0;
        nonFinite.clear();
    }

    @Override
    public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] losses, int count) {
        long usable = 0;
        for (int i = 0; i < count; i++) {
            if (Float.isFinite(losses[i])) {
                loss += losses[i];
                finite++;
            }
            if (Float.isFinite(score[i])) {
                scored++;
                if (score[i] < 0) negative++;
            }
            if (weight[i] * count < BELOW_PLAIN) downWeighted++;
            if (weight[i] != 0) kept++;
            // In plain training there are no scores, and weights are never 0.
            if (Float.isFinite(losses[i]) && (Float.isFinite(score[i]) || weight[i] != 0)) usable++;
            else nonFinite.add(ids[i]);
        }
        samples += count;
        if (usable == 0 && count > 0) throw nothingFinite(epoch, step, null);
        next.accept(epoch, step, ids, score, weight, losses, count);
    }

    /** The error for a batch that cannot be trained on. */
    static InputException nothingFinite(int epoch, long step, @Nullable RuntimeException cause) {
        return new InputException(
                "no sample has a finite loss and score in step " + step + ", epoch " + epoch
                        + ": the model has diverged, and a smaller learning rate helps, or its initial weights are not"
                        + " finite" + (cause == null ? "" : " (" + cause.getMessage() + ")"),
                cause);
    }

    /** Adds time of training, and the part of it that was spent waiting for images. */
    void addSeconds(double more, double moreWaited) {
        seconds += more;
        waited += moreWaited;
    }

    /** Adds the number of samples whose given label was predicted. */
    void addCorrect(long more) {
        correct += more;
    }

    private double share(long part) {
        return samples == 0 ? Double.NaN : (double) part / samples;
    }

    /** The metrics of the epoch. */
    EpochReport report(
            int epoch,
            double rate,
            ClassifierEvaluation.Result evaluated,
            double evaluationSeconds,
            MimicDirection.Report direction,
            int skipped) {
        return new EpochReport(
                epoch,
                rate,
                finite == 0 ? Double.NaN : loss / finite,
                share(correct),
                evaluated.top1(),
                evaluated.top5(),
                evaluated.loss(),
                scored == 0 ? Double.NaN : share(downWeighted),
                scored == 0 ? Double.NaN : (double) negative / scored,
                scored == 0 ? Double.NaN : share(kept),
                direction.norm(),
                direction.cosine(),
                nonFinite,
                skipped,
                seconds,
                seconds == 0 ? 0 : waited / seconds,
                samples,
                evaluationSeconds);
    }

    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("loss", loss);
        json.put("finite", finite);
        json.put("scored", scored);
        json.put("negative", negative);
        json.put("down_weighted", downWeighted);
        json.put("kept", kept);
        json.put("samples", samples);
        json.put("correct", correct);
        json.put("seconds", seconds);
        json.put("waited", waited);
        json.put("non_finite", List.copyOf(nonFinite));
        return json;
    }

    void restore(JsonNode json) {
        loss = json.required("loss").doubleValue();
        finite = json.required("finite").longValue();
        scored = json.required("scored").longValue();
        negative = json.required("negative").longValue();
        downWeighted = json.required("down_weighted").longValue();
        kept = json.required("kept").longValue();
        samples = json.required("samples").longValue();
        correct = json.required("correct").longValue();
        seconds = json.required("seconds").doubleValue();
        waited = json.required("waited").doubleValue();
        nonFinite.clear();
        nonFinite.addAll(EpochReport.longs(json.required("non_finite")));
    }
}
