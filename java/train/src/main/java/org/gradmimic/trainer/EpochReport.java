package org.gradmimic.trainer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.io.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The metrics of one epoch. Ratios are in [0,1]. What was not measured is NaN.
 *
 * @param epoch counted from 0
 * @param learningRate of the last step
 * @param loss mean of the samples' losses, each before its step
 * @param trainAccuracy share of samples whose given label was predicted, each before its step
 * @param top1 accuracy on the evaluation split after the epoch
 * @param top5 share of the evaluation split whose label was among the five most probable classes; NaN with five classes
 *     or fewer
 * @param evaluationLoss mean cross-entropy on the evaluation split
 * @param downWeighted share of samples whose weight was below that of plain training
 * @param negativeScores share of samples whose score was negative
 * @param kept share of samples whose weight was not 0
 * @param directionNorm ‖V‖ after the epoch
 * @param directionCosine cosine of the angle between V after the epoch and V at the beginning of the run
 * @param nonFinite ids of samples without a finite loss or score
 * @param skipped the number of images that could not be decoded and were left out
 * @param seconds of training, without evaluation
 * @param waited share of this time in which training waited for images
 * @param samples the number of samples trained on
 * @param evaluationSeconds of evaluation
 */
public record EpochReport(
        int epoch,
        double learningRate,
        double loss,
        double trainAccuracy,
        double top1,
        double top5,
        double evaluationLoss,
        double downWeighted,
        double negativeScores,
        double kept,
        double directionNorm,
        double directionCosine,
        List<Long> nonFinite,
        int skipped,
        double seconds,
        double waited,
        long samples,
        double evaluationSeconds) {
    public EpochReport {
        nonFinite = List.copyOf(nonFinite);
    }

    /**
     * Whether the model seems to have overtaken its reference: V has turned around since the beginning of the run. Scores
     * then point backward; a reference scale above 1 helps.
     */
    public boolean overtaken() {
        return directionCosine < 0;
    }

    /** Samples per second of training. */
    public double rate() {
        return samples / seconds;
    }

    /** As in {@code metrics.jsonl}: names with underscores; null for what was not measured. */
    public Map<String, @Nullable Object> json() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("epoch", epoch);
        json.put("lr", Json.number(learningRate));
        json.put("loss", Json.number(loss));
        json.put("train_accuracy", Json.number(trainAccuracy));
        json.put("top1", Json.number(top1));
        json.put("top5", Json.number(top5));
        json.put("evaluation_loss", Json.number(evaluationLoss));
        json.put("down_weighted", Json.number(downWeighted));
        json.put("negative_scores", Json.number(negativeScores));
        json.put("kept", Json.number(kept));
        json.put("direction_norm", Json.number(directionNorm));
        json.put("direction_cosine", Json.number(directionCosine));
        json.put("non_finite_samples", nonFinite);
        json.put("skipped_images", skipped);
        json.put("samples", samples);
        json.put("seconds", seconds);
        json.put("waited", Json.number(waited));
        json.put("evaluation_seconds", evaluationSeconds);
        return json;
    }

    static EpochReport of(JsonNode json) {
        return new EpochReport(
                json.required("epoch").intValue(),
                number(json, "lr"),
                number(json, "loss"),
                number(json, "train_accuracy"),
                number(json, "top1"),
                number(json, "top5"),
                number(json, "evaluation_loss"),
                number(json, "down_weighted"),
                number(json, "negative_scores"),
                number(json, "kept"),
                number(json, "direction_norm"),
                number(json, "direction_cosine"),
                longs(json.required("non_finite_samples")),
                json.required("skipped_images").intValue(),
                number(json, "seconds"),
                number(json, "waited"),
                json.required("samples").longValue(),
                number(json, "evaluation_seconds"));
    }

    static double number(JsonNode json, String name) {
        JsonNode value = json.required(name);
        return value.isNull() ? Double.NaN : value.doubleValue();
    }

    static List<Long> longs(JsonNode array) {
        return array.valueStream().map(JsonNode::longValue).toList();
    }
}
