package org.gradmimic.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.base.InputException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.Split;
import org.gradmimic.layer.ContrastiveScore;
import org.gradmimic.model.Models;
import org.gradmimic.model.PixelNormalisation;
import org.gradmimic.model.WeightsOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The input and output options of {@code score model}, as a picocli mix-in. The command checks the options that depend on the
 * kind of the model.
 */
final class ScoreModelOptions {
    @Option(names = "--model", required = true, paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}.")
    Models.Kind kind;

    @Option(
            names = "--model-config",
            required = true,
            paramLabel = "C.json",
            description = "The architecture: a JSON file, or a name such as vit_b_16, resnet50, ViT-B-32.")
    String config;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "M",
            description =
                    "Weights of the model: .safetensors, or a state dict saved by torch. Of webdataset: also several"
                            + " checkpoints, each of which is an epoch.")
    List<Path> weights;

    @Option(
            names = "--reference",
            required = true,
            paramLabel = "R",
            description =
                    "Weights of the reference model. May be given several times: scores [K,N], one row per reference.")
    List<Path> references;

    @Option(
            names = "--combine",
            paramLabel = "RULE",
            description = "How scores toward several references become one: mean or min.")
    ReferenceCombination.@Nullable Rule combine;

    @Option(
            names = "--images",
            paramLabel = "x.npy",
            description = "Images [N,3,H,W], float, already normalised; with --labels, --tokens or --captions.")
    @Nullable
    Path images;

    @Option(names = "--labels", paramLabel = "y.npy", description = "Labels [N] of --images, integers in [0,C).")
    @Nullable
    Path labels;

    @Option(names = "--tokens", paramLabel = "t.npy", description = "Tokens of the captions [N,T], integers, for clip.")
    @Nullable
    Path tokens;

    @Option(
            names = "--captions",
            paramLabel = "c.txt",
            description = "Captions as UTF-8 text, one per line, instead of --tokens; needs --vocabulary.")
    @Nullable
    Path captions;

    @Option(
            names = "--vocabulary",
            paramLabel = "V",
            description =
                    "Vocabulary of CLIP: bpe_simple_vocab_16e6.txt.gz, tokenizer.json, or vocab.json beside merges.txt.")
    @Nullable
    Path vocabulary;

    @Option(
            names = "--data",
            paramLabel = "SPEC",
            description = "Labelled images instead of --images and --labels: " + Datasets.SYNTAX
                    + ". Images with captions for clip: " + ScoreShards.PREFIX
                    + "SHARDS, a .tar, a folder of them, or names"
                    + " such as shards/{00000..01287}.tar.")
    @Nullable
    String data;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            defaultValue = "train",
            description = "Split of --data: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    Split split;

    @Option(
            names = "--mean",
            paramLabel = "X[,X,X]",
            split = ",",
            defaultValue = "0.5",
            description =
                    "Mean, subtracted from pixels of --data in [0,1]: one number, or one each for red, green and blue"
                            + " (default: ${DEFAULT-VALUE}).")
    List<Double> mean;

    @Option(
            names = "--std",
            paramLabel = "X[,X,X]",
            split = ",",
            defaultValue = "0.5",
            description = "Standard deviation, by which pixels are then divided (default: ${DEFAULT-VALUE}).")
    List<Double> std;

    @Option(
            names = "--mimic-layer",
            required = true,
            paramLabel = "L",
            description =
                    "Parameters by which samples are scored: names, or patterns with * and ?, separated by commas;"
                            + " all means all.")
    String mimicLayer;

    @Option(
            names = "--contrastive",
            paramLabel = "SCORE",
            defaultValue = "exact",
            description = "Kind of score for clip, whose loss couples samples: ${COMPLETION-CANDIDATES} (default:"
                    + " ${DEFAULT-VALUE}). path is cheaper and treats samples as uncoupled.")
    ContrastiveScore contrastive;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description =
                    "Output: .npy (float32 [N]; [K,N] toward several references) or .parquet (sample_id, score; of"
                            + " webdataset: a score log with uids). An existing file is replaced.")
    Path out;

    @Option(
            names = "--grad-norms",
            paramLabel = "FILE",
            description = "Also write the gradient norms ||g_i||: .npy or .parquet.")
    @Nullable
    Path gradientNorms;

    @Option(names = "--losses", paramLabel = "FILE", description = "Also write the losses: .npy or .parquet.")
    @Nullable
    Path losses;

    @Option(
            names = "--allow-head-mismatch",
            description =
                    "If the weights have another number of classes than the model, initialise its head at random.")
    boolean allowHeadMismatch;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Seed of a head that is initialised at random (default: ${DEFAULT-VALUE}).")
    long seed;

    @Option(
            names = "--resample-pos-embed",
            description = "If the position embeddings of the weights are those of images of another size, resample"
                    + " them bicubically.")
    boolean resamplePositions;

    /** What may be changed about weights that do not fit. */
    WeightsOptions changes() {
        WeightsOptions changes = allowHeadMismatch ? WeightsOptions.NONE.withNewHead(seed) : WeightsOptions.NONE;
        return resamplePositions ? changes.withResampledPositions() : changes;
    }

    /** All input files. */
    Path[] inputs() {
        Path configFile = Files.exists(Path.of(config)) ? Path.of(config) : null;
        Stream<Path> single = Stream.of(configFile, images, labels, tokens, captions, vocabulary)
                .filter(Objects::nonNull);
        Stream<Path> models = Stream.concat(weights.stream(), references.stream());
        return Stream.concat(single, models).toArray(Path[]::new);
    }

    /** All output files. */
    List<Path> outputs() {
        return Stream.of(out, gradientNorms, losses).filter(Objects::nonNull).toList();
    }

    /** The only file of weights. */
    Path onlyWeights() {
        if (weights.size() == 1) return weights.get(0);
        throw new InputException("--weights is given " + weights.size()
                + " times; several checkpoints are scored only for --data " + ScoreShards.PREFIX + "SHARDS");
    }

    /** The normalisation of the images of --data. */
    PixelNormalisation normalisation() {
        return Arguments.normalisation(mean, std);
    }
}
