package org.gradmimic.model;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.PhysicalMemory;
import org.gradmimic.io.InputFiles;
import org.jspecify.annotations.Nullable;

/** Opens models: architectures by kind and configuration, backbones by the content of their files. */
public final class Models {
    private Models() {}

    /** The kinds of architecture. */
    public enum Kind {
        /** torchvision's Vision Transformer. */
        VIT,
        /** CLIP, as in open_clip. */
        CLIP,
        /** torchvision's ResNet. */
        RESNET,
        /** A linear head over the features of a TorchScript file. */
        TORCHSCRIPT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Opens an architecture.
     *
     * @param config a JSON file, or one of {@link #names}
     * @throws InputException if it is neither, or contains a setting that is not supported
     */
    public static Architecture open(Kind kind, String config) {
        boolean file = Files.isRegularFile(Path.of(config)); // A folder may be called vit_b_16.
        if (!file && names(kind).contains(config)) return named(kind, config);
        if (!file && !config.contains(".")) {
            Set<String> names = new TreeSet<>(names(kind));
            throw new InputException("the model configuration " + config + " is not a file"
                    + (names.isEmpty() ? "" : ", and not one of " + String.join(", ", names)));
        }
        ModelConfig read = ModelConfig.read(Path.of(config));
        Architecture model = open(kind, read, Path.of(config));
        try {
            requireMemory(model, Path.of(config), PhysicalMemory.bytes());
        } catch (InputException e) {
            model.close();
            throw e;
        }
        return model;
    }

    /**
     * Opens a classifier that can be trained, for the classes of a data set.
     *
     * @param kind {@link Kind#VIT} or {@link Kind#RESNET}
     * @param config as for {@link #open}
     * @param classes C, whatever the configuration says
     * @param side pixels of the images' sides; null: as the configuration says
     * @throws InputException as {@link #open}, and for another kind
     */
    public static ImageClassifier openClassifier(Kind kind, String config, int classes, @Nullable Integer side) {
        Architecture model = open(kind, config);
        try {
            if (model instanceof ResNet resnet) return resnet.with(classes, side == null ? resnet.side() : side);
            if (model instanceof VisionTransformer vit) return vit.with(classes, side == null ? vit.side() : side);
        } catch (InvalidArgumentException e) {
            throw new InputException("the model " + config + ": " + e.getMessage(), e);
        }
        model.close();
        throw new InputException(
                "a model of the kind " + kind + " cannot be trained as a classifier; use vit or resnet");
    }

    private static Architecture open(Kind kind, ModelConfig read, Path file) {
        return switch (kind) {
            case VIT -> VisionTransformer.of(read);
            case CLIP -> Clip.of(read);
            case RESNET -> ResNet.of(read);
            case TORCHSCRIPT -> TorchScriptClassifier.of(read, file);
        };
    }

    /**
     * Rejects a model whose parameters alone do not fit into memory.
     *
     * @param memory in bytes
     */
    static void requireMemory(Architecture model, Path config, double memory) {
        double parameters = 0;
        for (TensorSpec spec : model.stateDict().values()) {
            double elements = 1;
            for (long extent : spec.shape()) elements *= extent;
            parameters += elements;
        }
        double bytes = parameters * Float.BYTES;
        if (bytes <= memory) return;
        throw InputException.in(
                config,
                String.format(
                        Locale.ROOT,
                        "describes %.3g parameters, which take %.3g GB in single precision; there are %.3g GB of memory",
                        parameters,
                        bytes / 1e9,
                        memory / 1e9));
    }

    /** The kind of architecture that a name is a configuration of; null if there is none of this name. */
    public static @Nullable Kind kindOf(String name) {
        for (Kind kind : Kind.values()) {
            if (names(kind).contains(name)) return kind;
        }
        return null;
    }

    /** Names of the configurations that need no file, from torchvision and open_clip. */
    public static Set<String> names(Kind kind) {
        return switch (kind) {
            case VIT -> VisionTransformer.named().keySet();
            case CLIP -> Clip.named();
            case RESNET -> ResNet.named().keySet();
            case TORCHSCRIPT -> Set.of();
        };
    }

    private static Architecture named(Kind kind, String name) {
        return Objects.requireNonNull(
                switch (kind) {
                    case VIT -> VisionTransformer.named().get(name);
                    case CLIP -> Clip.named(name);
                    case RESNET -> ResNet.named().get(name);
                    case TORCHSCRIPT ->
                        throw new InvalidArgumentException("there is no TorchScript file called " + name);
                });
    }

    /**
     * Opens a backbone: a TorchScript file, an ONNX file, or one that {@link ConvBackbone#save} wrote.
     *
     * @param input how a TorchScript or ONNX file expects images; it does not say so itself
     * @throws InputException if the file is missing, damaged or none of them
     */
    public static Backbone openBackbone(Path file, ImageInput input) {
        return openBackbone(file, input, "");
    }

    /**
     * Like {@link #openBackbone(Path, ImageInput)}.
     *
     * @param output name of the output of an ONNX file that has several; otherwise empty
     */
    public static Backbone openBackbone(Path file, ImageInput input, String output) {
        InputFiles.requireRegular(file);
        if (!Files.isRegularFile(file)) throw InputException.in(file, "there is no such file");
        if (Onnx.is(file)) return Onnx.open(file, input, output);
        return isZip(file) ? TorchScriptBackbone.load(file, input) : ConvBackbone.load(file);
    }

    /** TorchScript files are zip archives. */
    private static boolean isZip(Path file) {
        try (FileChannel channel = InputFiles.channel(file)) {
            return Weights.isZip(channel);
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + e.getMessage(), e);
        }
    }
}
