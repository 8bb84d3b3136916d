package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.base.InputException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.device.Device;
import org.gradmimic.model.Architecture;
import org.gradmimic.model.Clip;
import org.gradmimic.model.HeadMismatchException;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.MimicLayers;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.Models;
import org.gradmimic.model.caption.ClipTokenizer;
import org.gradmimic.score.ImageSamples;
import org.gradmimic.score.ModelScoring;
import org.gradmimic.score.ModelScoring.Result;
import org.gradmimic.score.NpySamples;
import org.gradmimic.score.Samples;
import org.gradmimic.score.ScoreFile;

/** {@code score --model}: from files to files. */
final class ModelScoreRun {
    /** Refuses a command line that lacks one of these options. */
    @FunctionalInterface
    interface Requirement {
        void of(String... options);
    }

    private final ModelScoreOptions options;
    private final ScoreCommand.Shared shared;
    private final CommonOptions common;
    private final DeviceOption deviceOption;

    ModelScoreRun(
            ModelScoreOptions options,
            ScoreCommand.Shared shared,
            CommonOptions common,
            DeviceOption deviceOption,
            Requirement requirement) {
        this.options = options;
        this.shared = shared;
        this.common = common;
        this.deviceOption = deviceOption;
        requirement.of("--model-config", "--weights", "--reference", "--mimic-layer");
        checkInputs(requirement);
    }

    private void checkInputs(Requirement requirement) {
        if (options.kind == Models.Kind.CLIP) {
            checkCaptions(requirement);
        } else if (options.tokens != null || options.captions != null || options.vocabulary != null) {
            String given = options.tokens != null ? "tokens" : options.captions != null ? "captions" : "vocabulary";
            throw new InputException("--" + given + (given.equals("vocabulary") ? " is" : " are")
                    + " for clip; a classifier takes --labels");
        } else if (options.data != null) {
            if (options.images != null || shared.labels != null) {
                throw new InputException("--data has images and labels; leave out --images and --labels");
            }
        } else {
            requirement.of("--images", "--labels");
        }
        options.normalisation();
        if (shared.batchSize > Integer.MAX_VALUE) {
            throw new InputException("--batch-size is " + shared.batchSize + "; more than " + Integer.MAX_VALUE
                    + " samples don't go through a model");
        }
    }

    private void checkCaptions(Requirement requirement) {
        if (options.data != null || shared.labels != null) {
            throw new InputException("clip compares images with captions: --images and --tokens, without labels");
        }
        if (options.tokens != null && (options.captions != null || options.vocabulary != null)) {
            throw new InputException("--tokens are captions already; leave out --captions and --vocabulary");
        }
        if (options.captions == null && options.vocabulary == null) requirement.of("--images", "--tokens");
        else requirement.of("--images", "--captions", "--vocabulary");
    }

    void run() {
        if (options.references.size() > 1 && options.combine == null) ScoreFile.checkSeveral(shared.out);
        ScoreFile.check(shared.out);
        options.outputs().forEach(ScoreFile::check);
        common.applyThreads();
        Device device = deviceOption.choose(common);
        try (Architecture model = Models.open(options.kind, options.config)) {
            model.moveTo(device);
            List<String> mimicLayer = MimicLayers.resolve(model, options.mimicLayer);
            List<ModelWeights> references = new ArrayList<>();
            try (ModelWeights weights = read(model, options.weights, device)) {
                for (Path file : options.references) references.add(read(model, file, device));
                var request = new ModelScoring.Request(
                        model,
                        weights,
                        references,
                        mimicLayer,
                        shared.kind,
                        shared.temperature,
                        shared.lambda,
                        (int) shared.batchSize,
                        options.gradientNorms != null,
                        options.contrastive,
                        options.combine == null ? null : new ReferenceCombination(options.combine, 0),
                        device);
                ModelScoring.check(request);
                if (!weights.reinitialised().isEmpty()) {
                    common.note(options.weights + ": has another number of classes; the head is drawn anew");
                }
                write(score(request));
            } finally {
                references.forEach(ModelWeights::close);
            }
        }
    }

    private ModelWeights read(Architecture model, Path file, Device device) {
        ModelWeights read;
        try {
            read = options.allowHeadMismatch
                    ? ModelWeights.readWithNewHead(model, file, options.seed)
                    : ModelWeights.read(model, file);
        } catch (HeadMismatchException e) {
            throw new InputException(
                    e.getMessage() + "; --allow-head-mismatch initialises a head for another number of classes", e);
        }
        return read.moved(device);
    }

    private Samples samples(Architecture model) {
        int atATime = ModelScoring.samplesAtATime(model, (int) shared.batchSize);
        if (model instanceof Clip clip && options.captions != null) {
            try (ClipTokenizer tokenizer = ClipTokenizer.open(options.vocabulary, clip)) {
                return NpySamples.captioned(options.images, clip.imageSize(), options.captions, tokenizer, atATime);
            }
        }
        if (model instanceof Clip clip) {
            return NpySamples.captioned(
                    options.images, clip.imageSize(), options.tokens, clip.contextLength(), clip.vocabulary(), atATime);
        }
        int classes = ((ImageClassifier) model).classes();
        if (options.data == null) {
            return NpySamples.labelled(options.images, model.imageSize(), shared.labels, classes, atATime);
        }
        ImageDataset dataset = Datasets.openImages(options.data);
        return new ImageSamples(dataset, options.split, model.imageSize(), classes, atATime, options.normalisation());
    }

    private Result score(ModelScoring.Request request) {
        long[] done = {0};
        try (Samples samples = samples(request.model());
                Progress progress = common.progress("scoring", "samples", samples.count())) {
            return ModelScoring.run(request, samples, count -> {
                progress.step(count - done[0]);
                done[0] = count;
            });
        }
    }

    private void write(Result result) {
        if (options.gradientNorms != null) ScoreFile.write(options.gradientNorms, result.gradientNorms());
        if (options.losses != null) ScoreFile.write(options.losses, result.losses());
        if (result.results() == 1) ScoreFile.write(shared.out, result.values());
        else ScoreFile.write(shared.out, result.values(), result.results());
        int count = result.losses().length;
        if (!result.invalidSamples().isEmpty()) common.note(ModelScoring.blame(result.invalidSamples()));
        ScoreCommand.noteNonFinite(common, count, result.nonFinite(), result.nonFiniteRows(), "sample");
        for (int k = 0; k < result.directionNorms().length && count > 0; k++) {
            if (result.directionNorms()[k] != 0) continue;
            common.note("the mimic layer is that of " + options.references.get(k) + ": every score toward it is 0");
        }
        common.out()
                .println(shared.out + ": " + shared.kind + " of " + count + " samples"
                        + (result.results() == 1 ? "" : " toward " + result.results() + " references"));
    }
}
