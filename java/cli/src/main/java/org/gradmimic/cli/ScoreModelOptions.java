package org.gradmimic.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.Split;
import org.gradmimic.layer.ContrastiveScore;
import org.gradmimic.model.Models;
import org.gradmimic.model.PixelNormalisation;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code score model} reads and writes, as a picocli mix-in. Options that depend on the kind of model are checked by the command. */
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
            description = "The model's weights: .safetensors, or a state dict that torch saved.")
    Path weights;

    @Option(
            names = "--reference",
            required = true,
            paramLabel = "R",
            description =
                    "The reference model's weights. Given several times, of several: scores [K,N], a row for each.")
    List<Path> references;

    @Option(
            names = "--combine",
            paramLabel = "RULE",
            description = "One score of those toward several references: mean or min.")
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

    @Option(names = "--tokens", paramLabel = "t.npy", description = "Captions [N,T], integers, for clip.")
    @Nullable
    Path tokens;

    @Option(
            names = "--captions",
            paramLabel = "c.txt",
            description = "The same as text, UTF-8, one a line, instead of --tokens; with --vocabulary.")
    @Nullable
    Path captions;

    @Option(
            names = "--vocabulary",
            paramLabel = "V",
            description = "CLIP's: bpe_simple_vocab_16e6.txt.gz, tokenizer.json, or vocab.json beside merges.txt.")
    @Nullable
    Path vocabulary;

    @Option(
            names = "--data",
            paramLabel = "SPEC",
            description = "Labelled images instead of --images and --labels: " + Datasets.SYNTAX + ".")
    @Nullable
    String data;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            defaultValue = "train",
            description = "Of --data: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    Split split;

    @Option(
            names = "--mean",
            paramLabel = "X[,X,X]",
            split = ",",
            defaultValue = "0.5",
            description = "Subtracted from --data's pixels in [0,1]: one number, or one each for red, green and blue"
                    + " (default: ${DEFAULT-VALUE}).")
    List<Double> mean;

    @Option(
            names = "--std",
            paramLabel = "X[,X,X]",
            split = ",",
            defaultValue = "0.5",
            description = "What they are then divided by (default: ${DEFAULT-VALUE}).")
    List<Double> std;

    @Option(
            names = "--mimic-layer",
            required = true,
            paramLabel = "L",
            description = "Parameters that samples are scored by: names and patterns with * and ?, separated by commas;"
                    + " all for all.")
    String mimicLayer;

    @Option(
            names = "--contrastive",
            paramLabel = "SCORE",
            defaultValue = "exact",
            description = "Of clip, whose loss couples samples: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})."
                    + " path is cheaper and takes them as if they were not coupled.")
    ContrastiveScore contrastive;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description =
                    "Output: .npy (float32 [N]; [K,N] toward several references) or .parquet (sample_id, score). A"
                            + " file of that name is replaced.")
    Path out;

    @Option(names = "--grad-norms", paramLabel = "FILE", description = "Writes ||g_i||, too: .npy or .parquet.")
    @Nullable
    Path gradientNorms;

    @Option(names = "--losses", paramLabel = "FILE", description = "Writes the losses, too: .npy or .parquet.")
    @Nullable
    Path losses;

    @Option(
            names = "--allow-head-mismatch",
            description = "Where the weights have another number of classes than the model, draw its head anew.")
    boolean allowHeadMismatch;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Of a head that is drawn (default: ${DEFAULT-VALUE}).")
    long seed;

    /** All input files. */
    Path[] inputs() {
        Path configFile = Files.exists(Path.of(config)) ? Path.of(config) : null;
        Stream<Path> single = Stream.of(configFile, weights, images, labels, tokens, captions, vocabulary)
                .filter(Objects::nonNull);
        return Stream.concat(single, references.stream()).toArray(Path[]::new);
    }

    /** All output files. */
    List<Path> outputs() {
        return Stream.of(out, gradientNorms, losses).filter(Objects::nonNull).toList();
    }

    /** Of --data's images. */
    PixelNormalisation normalisation() {
        return Arguments.normalisation(mean, std);
    }
}
