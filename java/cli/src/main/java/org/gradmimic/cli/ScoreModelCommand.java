package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.device.Device;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.model.Architecture;
import org.gradmimic.model.Clip;
import org.gradmimic.model.HeadMismatchException;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.MimicLayers;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.Models;
import org.gradmimic.model.PositionMismatchException;
import org.gradmimic.model.caption.ClipTokenizer;
import org.gradmimic.score.ImageSamples;
import org.gradmimic.score.ModelSource;
import org.gradmimic.score.NpySamples;
import org.gradmimic.score.Samples;
import org.gradmimic.score.ScoreFile;
import org.gradmimic.score.ScoreMemory;
import org.gradmimic.score.ScoreSettings;
import org.gradmimic.score.ScoreSink;
import org.gradmimic.score.ScoreSummary;
import org.gradmimic.score.ShardSettings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Scores samples against any parameters of a model. */
@Command(
        name = "model",
        sortOptions = false,
        description =
                "Scores images, or images with captions, by any parameters of a model, toward the same parameters of"
                        + " one or several references.",
        modelTransformer = ScoreModelCommand.Settings.class,
        footer = {"", ScoreOptions.KINDS})
final class ScoreModelCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Mixin
    private ScoreModelOptions options;

    @Mixin
    private ImageOptions imageOptions;

    @Mixin
    private ShardOptions shardOptions;

    /** Adds the options of both groups of settings. */
    static final class Settings implements IModelTransformer {
        @Override
        public CommandSpec transform(CommandSpec command) {
            SettingOptions.add(command, ScoreSettings.GROUP);
            SettingOptions.add(command, ShardSettings.GROUP);
            return command;
        }
    }

    @Override
    public Integer call() {
        if (options.data != null && options.data.startsWith(ScoreShards.PREFIX)) {
            new ScoreShards(spec, common, options, imageOptions, shardOptions).run(options.data, deviceOption);
            return 0;
        }
        SettingValues settings = ScoreOptions.values(spec, common);
        long batchSize = settings.get(ScoreSettings.BATCH_SIZE);
        if (batchSize > Integer.MAX_VALUE) {
            throw new InputException("--batch-size is " + batchSize + "; a model takes at most " + Integer.MAX_VALUE
                    + " samples per batch");
        }
        checkInputs();
        noteIgnored();
        options.normalisation();
        options.outputs().forEach(out -> Arguments.requireOther(out, options.inputs()));
        Arguments.requireDifferent(options.outputs());
        if (options.references.size() > 1 && options.combine == null) ScoreFile.checkSeveral(options.out);
        options.outputs().forEach(ScoreFile::check);
        common.applyThreads();
        Device device = deviceOption.choose(common);
        try (Architecture model = Models.open(options.kind, options.config)) {
            model.moveTo(device);
            List<String> mimicLayer = MimicLayers.resolve(model, options.mimicLayer);
            List<ModelWeights> references = new ArrayList<>();
            try (ModelWeights weights = read(model, options.onlyWeights(), device)) {
                for (Path file : options.references) references.add(read(model, file, device));
                try (Samples samples = samples(model, (int) batchSize);
                        ModelSource source = source(
                                ModelSource.builder(model, weights, samples).mimicLayer(mimicLayer), references)) {
                    if (!weights.reinitialised().isEmpty()) {
                        common.note(options.onlyWeights()
                                + ": has a different number of classes; the head is initialised at random");
                    }
                    score(settings, source);
                    imageOptions.noteWarnings(common);
                }
            } finally {
                references.forEach(ModelWeights::close);
            }
        }
        return 0;
    }

    private void checkInputs() {
        if (options.kind == Models.Kind.CLIP) {
            checkCaptions();
        } else if (options.tokens != null || options.captions != null || options.vocabulary != null) {
            String given = options.tokens != null ? "tokens" : options.captions != null ? "captions" : "vocabulary";
            throw new InputException("--" + given + (given.equals("vocabulary") ? " is" : " are")
                    + " only for clip; a classifier takes --labels");
        } else if (options.data == null) {
            ScoreOptions.require(spec, "--images", "--labels");
        } else if (options.images != null || options.labels != null) {
            throw new InputException("--data contains images and labels; leave out --images and --labels");
        }
    }

    private void checkCaptions() {
        if (options.data != null || options.labels != null) {
            throw new InputException("clip compares images with captions: give --images and --tokens, or --data "
                    + ScoreShards.PREFIX + "SHARDS, and no labels");
        }
        if (options.tokens != null && (options.captions != null || options.vocabulary != null)) {
            throw new InputException("--tokens already are the captions; leave out --captions and --vocabulary");
        }
        if (options.captions == null && options.vocabulary == null) ScoreOptions.require(spec, "--images", "--tokens");
        else ScoreOptions.require(spec, "--images", "--captions", "--vocabulary");
    }

    private void noteIgnored() {
        if (options.kind != Models.Kind.CLIP) {
            ScoreOptions.noteIgnored(spec, common, options.kind.toString(), "--contrastive");
        }
        if (options.data == null) {
            ScoreOptions.noteIgnored(spec, common, "--images", "--split", "--mean", "--std", "--max-pixels");
        }
        ScoreOptions.noteIgnored(
                spec,
                common,
                "a run without --data " + ScoreShards.PREFIX + "SHARDS",
                "--bad-samples",
                "--bad-list",
                "--epoch",
                "--overwrite");
        if (!options.allowHeadMismatch) {
            ScoreOptions.noteIgnored(spec, common, "a run without --allow-head-mismatch", "--seed");
        }
    }

    private ModelWeights read(Architecture model, Path file, Device device) {
        ModelWeights read;
        try {
            read = ModelWeights.read(model, file, options.changes());
        } catch (PositionMismatchException e) {
            throw new InputException(e.getMessage() + "; --resample-pos-embed resamples them", e);
        } catch (HeadMismatchException e) {
            throw new InputException(
                    e.getMessage() + "; --allow-head-mismatch initialises a head for the model's number of classes", e);
        }
        read.notes().forEach(note -> common.note(file + ": " + note));
        return read.moved(device);
    }

    private Samples samples(Architecture model, int batchSize) {
        int atATime = ModelSource.samplesAtATime(model, batchSize);
        if (options.data != null) {
            ImageDataset dataset = imageOptions.open(options.data, common);
            return ImageSamples.builder(dataset, options.split)
                    .batchSize(atATime)
                    .normalisation(options.normalisation())
                    .open(model.imageSize(), ((ImageClassifier) model).classes());
        }
        NpySamples.Images images =
                NpySamples.images(required(options.images), model.imageSize()).batchSize(atATime);
        if (!(model instanceof Clip clip)) {
            return images.labelled(required(options.labels), ((ImageClassifier) model).classes());
        }
        if (options.captions == null) {
            return images.captioned(required(options.tokens), clip.contextLength(), clip.vocabulary());
        }
        try (ClipTokenizer tokenizer = ClipTokenizer.open(required(options.vocabulary), clip)) {
            return images.captioned(options.captions, tokenizer);
        }
    }

    /** A file that {@link #checkInputs} has required. */
    private static Path required(@Nullable Path file) {
        return Objects.requireNonNull(file);
    }

    private ModelSource source(ModelSource.Builder builder, List<ModelWeights> references) {
        builder.references(references.toArray(ModelWeights[]::new)).contrastive(options.contrastive);
        if (options.combine != null) builder.combine(new ReferenceCombination(options.combine, 0));
        return builder.build();
    }

    private void score(SettingValues settings, ModelSource source) {
        ScoreMemory memory = ScoreSink.memory();
        if (options.gradientNorms != null) memory = memory.withGradientNorms();
        ScoreSummary summary = ScoreOptions.run(settings, source, memory, common);
        if (options.gradientNorms != null) ScoreFile.write(options.gradientNorms, memory.gradientNorms());
        if (options.losses != null) ScoreFile.write(options.losses, memory.losses());
        int rows = source.references();
        if (rows == 1) ScoreFile.write(options.out, memory.scores());
        else ScoreFile.write(options.out, memory.scores(), rows);
        ScoreOptions.note(summary, common);
        for (int k = 0; k < options.references.size() && summary.samples() > 0; k++) {
            if (summary.directionNorms().get(k) != 0) continue;
            common.note("the mimic layer equals that of " + options.references.get(k) + ": every score toward it is 0");
        }
        common.out()
                .println(options.out + ": " + settings.get(ScoreSettings.SCORE) + " of " + summary.samples()
                        + " samples" + (rows == 1 ? "" : " toward " + rows + " references"));
    }
}
