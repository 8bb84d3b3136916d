package org.gradmimic.cli.filter;

import org.gradmimic.base.InputException;
import org.gradmimic.select.Selector;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.vote.Binarizer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How samples are chosen by their scores; a picocli mix-in. */
final class RuleOptions {
    @Option(
            names = "--use",
            paramLabel = "WHAT",
            defaultValue = "scores",
            description = "What --scores holds, or which column of a log is taken: ${COMPLETION-CANDIDATES} (default:"
                    + " ${DEFAULT-VALUE}). Of a log, weights are relative: 1 is a sample's share in plain training.")
    private Use use;

    @Option(
            names = "--binarize",
            paramLabel = "RULE",
            description = "What splits the samples of an epoch: ${COMPLETION-CANDIDATES}.")
    private @Nullable Rule rule;

    @Option(
            names = "--threshold",
            paramLabel = "T",
            description = "Keep at least T (default: 0 for scores, for weights a sample's share in plain training).")
    private @Nullable Float threshold;

    @Option(
            names = "--batch-size",
            paramLabel = "B",
            description = "The batch size, for the threshold 1/B on weights in a .npy file.")
    private @Nullable Integer batchSize;

    @Option(names = "--share", paramLabel = "P", description = "The share that top or bottom keeps, from 0 to 1.")
    private @Nullable Double share;

    @Option(
            names = "--aggregate",
            paramLabel = "HOW",
            defaultValue = "majority",
            description = "What combines the epochs: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private VoteAggregation combination;

    @Option(
            names = "--class-balance",
            paramLabel = "P",
            description = "The share of samples worth keeping, where the label model need not estimate it.")
    private @Nullable Double classBalance;

    Use use() {
        return use;
    }

    VoteAggregation combination() {
        return combination;
    }

    /**
     * The rule for an epoch.
     *
     * @param fromLog whether the values come from a score log, not a {@code .npy} file
     * @throws InputException if an option is missing, out of range or does not belong to the others
     */
    Binarizer binarizer(boolean fromLog) {
        if (rule == null) throw new InputException("--binarize is needed: threshold, kmeans, gmm, top or bottom");
        boolean byShare = rule == Rule.TOP || rule == Rule.BOTTOM;
        refuse(threshold != null && rule != Rule.THRESHOLD, "--threshold belongs to --binarize threshold");
        refuse(share != null && !byShare, "--share belongs to --binarize top and bottom");
        refuse(share == null && byShare, "--binarize " + rule + " needs --share");
        refuse(share != null && !(share >= 0 && share <= 1), "--share is " + share + ", expected 0 to 1");
        refuse(
                batchSize != null && (rule != Rule.THRESHOLD || threshold != null || use != Use.WEIGHTS || fromLog),
                "--batch-size belongs to --use weights --binarize threshold on a .npy file, without --threshold");
        refuse(
                classBalance != null && combination != VoteAggregation.LABEL_MODEL,
                "--class-balance belongs to --aggregate label-model");
        refuse(
                classBalance != null && !(classBalance > 0 && classBalance < 1),
                "--class-balance is " + classBalance + ", expected a share between 0 and 1");
        return switch (rule) {
            case THRESHOLD -> Binarizer.threshold(limit(fromLog));
            case KMEANS -> Binarizer.twoMeans();
            case GMM -> Binarizer.mixture();
            case TOP -> Binarizer.topShare(share);
            case BOTTOM -> Binarizer.bottomShare(share);
        };
    }

    void apply(Selector selector) {
        if (classBalance != null) selector.classBalance(classBalance);
    }

    private float limit(boolean fromLog) {
        if (threshold != null) {
            refuse(threshold.isNaN(), "--threshold is NaN");
            return threshold;
        }
        if (use == Use.SCORES) return 0;
        if (fromLog) return 1;
        if (batchSize == null) {
            throw new InputException("weights in a .npy file carry no batch size: give --batch-size or --threshold");
        }
        refuse(batchSize < 1, "--batch-size must be at least 1, but is " + batchSize);
        return (float) (1.0 / batchSize);
    }

    private static void refuse(boolean wrong, String message) {
        if (wrong) throw new InputException(message);
    }
}
