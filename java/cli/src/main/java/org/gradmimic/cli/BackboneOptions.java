package org.gradmimic.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.UnsupportedException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;
import org.gradmimic.io.run.RunRecord;
import org.gradmimic.model.Architecture;
import org.gradmimic.model.Backbone;
import org.gradmimic.model.ConvBackbone;
import org.gradmimic.model.ImageInput;
import org.gradmimic.model.ModelBackbone;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.Models;
import org.gradmimic.model.PixelNormalisation;
import org.gradmimic.model.PositionMismatchException;
import org.gradmimic.model.WeightsOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that choose a backbone and how it takes images, as a picocli mix-in. */
public final class BackboneOptions {
    private static final int FILE_SIZE = 224;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description = "The backbone: a name such as vit_b_16, resnet50 or ViT-B-32; vit, resnet or clip with"
                    + " --model-config; or a file: TorchScript, ONNX (.onnx), or backbone.safetensors of a demo.")
    private @Nullable String model;

    @Option(
            names = "--model-config",
            paramLabel = "C.json",
            description = "The architecture of vit, resnet or clip: a JSON file or a name, as for score model.")
    private @Nullable String config;

    @Option(
            names = "--weights",
            paramLabel = "FILE",
            description = "Weights of a model by name: .safetensors, a state dict saved by torch, or CLIP as OpenAI"
                    + " distributes it.")
    private @Nullable Path weights;

    @Option(
            names = "--size",
            paramLabel = "PIXELS",
            description = "Height and width of the images that the model takes (default: the model's own; of a file"
                    + " that does not say it, " + FILE_SIZE + ").")
    private @Nullable Integer size;

    @Option(
            names = "--resize",
            paramLabel = "PIXELS|squash",
            description = "Scale the shorter side to this many pixels and keep the centre of --size, or squash both"
                    + " sides to --size (default: as the model was trained; for a file, squash).")
    private @Nullable String resize;

    @Option(
            names = "--interpolation",
            paramLabel = "FILTER",
            description = "How images are scaled: ${COMPLETION-CANDIDATES} (default: as the model was trained; for a"
                    + " file, area).")
    private ImageFit.@Nullable Filter interpolation;

    @Option(
            names = "--mean",
            paramLabel = "X[,X,X]",
            split = ",",
            description = "Mean, subtracted from pixels in [0,1]: one number, or one each for red, green and blue"
                    + " (default: as the model was trained; for a file, 0.5).")
    private @Nullable List<Double> mean;

    @Option(
            names = "--std",
            paramLabel = "X[,X,X]",
            split = ",",
            description = "Standard deviation, by which pixels are then divided (default: as the model was trained;"
                    + " for a file, 0.5).")
    private @Nullable List<Double> std;

    @Option(
            names = "--output",
            paramLabel = "NAME",
            description = "Of an ONNX file with several outputs, the one that has the features.")
    private @Nullable String output;

    @Option(
            names = "--resample-pos-embed",
            description = "If the position embeddings of the weights are those of images of another size, resample"
                    + " them bicubically.")
    private boolean resamplePositions;

    /**
     * A backbone and what was said when it was opened.
     *
     * @param model the architecture; null if the backbone is a file that contains its own
     * @param facts for metrics.json
     */
    record Opened(Backbone backbone, @Nullable Architecture model, Map<String, Object> facts) implements AutoCloseable {
        @Override
        public void close() {
            backbone.close();
        }
    }

    /**
     * Whether a backbone is chosen.
     *
     * @throws InputException if there are only options that belong to one
     */
    boolean given() {
        if (model != null) return true;
        if (config != null || weights != null || size != null || resize != null || resamplePositions) {
            throw new InputException("options of a model are given, but not --model");
        }
        return false;
    }

    /** Adds to a record what a backbone's features depend on. */
    void record(RunRecord record, Opened opened) {
        Path file = Path.of(chosen());
        if (Files.isRegularFile(file)) record.input("model", file);
        else record.value("model", config == null ? chosen() : chosen() + " " + config);
        if (weights != null) record.input("weights", weights);
        for (String name : List.of("images", "mean", "std")) {
            Object fact = opened.facts.get(name);
            if (fact != null) record.value(name, fact.toString());
        }
    }

    private String chosen() {
        if (model == null) throw new InputException("--model is missing: a name, or a file");
        return model;
    }

    /**
     * Opens the backbone and tells the user what was read.
     *
     * @throws InputException if a file is missing or does not fit, or the options contradict each other
     */
    Opened open(CommonOptions common, DeviceOption deviceOption) {
        if (size != null && size < 1) throw new InputException("--size is " + size + "; it must be positive");
        Models.Kind kind = kind();
        Device device = deviceOption.choose(common);
        Opened opened = kind == null ? openFile() : openModel(kind, common);
        try {
            opened.backbone.moveTo(device);
        } catch (UnsupportedException e) {
            if (!deviceOption.isAuto()) throw closed(opened, e);
            common.note("warning: " + e.getMessage() + "; computing on the CPU");
            device = Device.CPU;
        } catch (RuntimeException e) {
            throw closed(opened, e);
        }
        opened.facts.put("device", device.toString());
        return opened;
    }

    private static RuntimeException closed(Opened opened, RuntimeException failure) {
        opened.close();
        return failure;
    }

    /** The kind of architecture; null for a file. */
    private Models.@Nullable Kind kind() {
        if (Files.isRegularFile(Path.of(chosen()))) return null;
        Models.Kind named = Models.kindOf(chosen());
        if (named != null) {
            if (config == null) return named;
            throw new InputException(chosen() + " is a configuration already; leave out --model-config");
        }
        for (Models.Kind kind : List.of(Models.Kind.VIT, Models.Kind.RESNET, Models.Kind.CLIP)) {
            if (!kind.toString().equals(chosen())) continue;
            if (config != null) return kind;
            throw new InputException("--model " + chosen() + " needs --model-config, a JSON file or one of "
                    + String.join(", ", new TreeSet<>(Models.names(kind))));
        }
        List<String> names = new ArrayList<>(List.of("vit, resnet, clip"));
        for (Models.Kind kind : Models.Kind.values()) names.addAll(new TreeSet<>(Models.names(kind)));
        throw new InputException(
                "--model: there is no such file as " + chosen() + ", and it is not one of " + String.join(", ", names));
    }

    private Opened openFile() {
        if (weights != null || config != null || resamplePositions) {
            String given = weights != null ? "--weights" : config != null ? "--model-config" : "--resample-pos-embed";
            throw new InputException(
                    given + " is for a model by name, such as vit_b_16; the file " + chosen() + " contains its own");
        }
        ImageSize square = ImageSize.square(size == null ? FILE_SIZE : size);
        ImageInput input = input(new ImageInput(ImageFit.of(square), PixelNormalisation.of(0.5, 0.5)));
        Backbone backbone = Models.openBackbone(Path.of(chosen()), input, output == null ? "" : output);
        return new Opened(backbone, null, facts(input.normalisation(), backbone, List.of()));
    }

    private Opened openModel(Models.Kind kind, CommonOptions common) {
        if (weights == null) throw new InputException("--model " + chosen() + " needs --weights FILE");
        Architecture architecture = Models.open(kind, Objects.requireNonNullElse(config, chosen()));
        try {
            if (size != null) architecture = architecture.withSide(size);
            ImageInput input = input(architecture.input());
            ModelWeights read = read(architecture, weights);
            List<String> notes = read.notes();
            notes.forEach(note -> common.note(weights + ": " + note));
            common.note("images: " + input);
            Backbone backbone = new ModelBackbone(architecture, read, input);
            return new Opened(backbone, architecture, facts(input.normalisation(), backbone, notes));
        } catch (InvalidArgumentException e) {
            architecture.close();
            throw new InputException("--size: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            architecture.close();
            throw e;
        }
    }

    private ModelWeights read(Architecture architecture, Path file) {
        WeightsOptions changes = WeightsOptions.NONE.forFeatures();
        if (resamplePositions) changes = changes.withResampledPositions();
        try {
            return ModelWeights.read(architecture, file, changes);
        } catch (PositionMismatchException e) {
            throw new InputException(
                    e.getMessage() + "; --resample-pos-embed resamples them, --size takes images of another size", e);
        }
    }

    /** The preparation of images, with the options' changes. */
    private ImageInput input(ImageInput own) {
        ImageFit fit = own.fit();
        int shorterSide = fit.shorterSide();
        if (resize != null) {
            try {
                shorterSide = resize.equals("squash") ? 0 : Integer.parseInt(resize);
            } catch (NumberFormatException e) {
                throw new InputException("--resize is " + resize + "; expected a number of pixels, or squash", e);
            }
        }
        ImageFit.Filter filter = interpolation != null
                ? interpolation
                : shorterSide > 0 && fit.filter() == ImageFit.Filter.AREA ? ImageFit.Filter.BICUBIC : fit.filter();
        ImageFit changed;
        try {
            changed = new ImageFit(fit.size(), shorterSide, filter);
        } catch (InvalidArgumentException e) {
            throw new InputException("--resize: " + e.getMessage(), e);
        }
        PixelNormalisation normalisation = Arguments.normalisation(
                mean == null ? own.normalisation().mean() : mean,
                std == null ? own.normalisation().std() : std);
        return new ImageInput(changed, normalisation);
    }

    private Map<String, Object> facts(PixelNormalisation normalisation, Backbone backbone, List<String> notes) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("model", config == null ? chosen() : chosen() + " " + config);
        if (weights != null) facts.put("weights", weights.toString());
        facts.put("read", notes);
        facts.put("images", backbone.fit().toString());
        // The demo's backbone has its own.
        if (!(backbone instanceof ConvBackbone)) {
            facts.put("mean", normalisation.mean());
            facts.put("std", normalisation.std());
        }
        facts.put("features", backbone.width());
        return facts;
    }

    /** The files that are read. */
    Path[] inputs() {
        return Stream.of(Path.of(chosen()), weights, config == null ? null : Path.of(config))
                .filter(Objects::nonNull)
                .filter(Files::isRegularFile)
                .toArray(Path[]::new);
    }
}
