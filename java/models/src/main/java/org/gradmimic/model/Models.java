package org.gradmimic.model;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageSize;

/** Opens models: architectures by kind and configuration, backbones by the content of their files. */
public final class Models {
    private Models() {}

    /** The kinds of architecture. */
    public enum Kind {
        /** torchvision's Vision Transformer. */
        VIT,
        /** CLIP, as open_clip has it. */
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
     * @throws InputException if it is neither, or asks for something that is not supported
     */
    public static Architecture open(Kind kind, String config) {
        boolean file = Files.isRegularFile(Path.of(config)); // a folder may be called vit_b_16
        if (!file && names(kind).contains(config)) return named(kind, config);
        if (!file && !config.contains(".")) {
            Set<String> names = new TreeSet<>(names(kind));
            throw new InputException("the model configuration " + config + " is no file"
                    + (names.isEmpty() ? "" : ", and none of " + String.join(", ", names)));
        }
        ModelConfig read = ModelConfig.read(Path.of(config));
        return switch (kind) {
            case VIT -> VisionTransformer.of(read);
            case CLIP -> Clip.of(read);
            case RESNET -> ResNet.of(read);
            case TORCHSCRIPT -> TorchScriptClassifier.of(read, Path.of(config));
        };
    }

    /** Names of the configurations that need no file: torchvision's and open_clip's. */
    public static Set<String> names(Kind kind) {
        return switch (kind) {
            case VIT -> VisionTransformer.named().keySet();
            case CLIP -> Clip.named();
            case RESNET -> ResNet.named().keySet();
            case TORCHSCRIPT -> Set.of();
        };
    }

    private static Architecture named(Kind kind, String name) {
        return switch (kind) {
            case VIT -> VisionTransformer.named().get(name);
            case CLIP -> Clip.named(name);
            case RESNET -> ResNet.named().get(name);
            case TORCHSCRIPT -> throw new InvalidArgumentException("no TorchScript file is called " + name);
        };
    }

    /**
     * Opens a backbone: a TorchScript file, or one that {@link ConvBackbone#save} wrote.
     *
     * @param size the size of the images that a TorchScript file was made for; the file does not contain it
     * @param normalisation what a TorchScript file expects; the file does not contain that either
     * @throws InputException if the file is missing, damaged or neither
     */
    public static Backbone openBackbone(Path file, ImageSize size, PixelNormalisation normalisation) {
        if (!Files.isRegularFile(file)) throw InputException.in(file, "there is no such file");
        return isZip(file) ? TorchScriptBackbone.load(file, size, normalisation) : ConvBackbone.load(file);
    }

    /** TorchScript files are zip archives. */
    private static boolean isZip(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return Weights.isZip(channel);
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + e.getMessage(), e);
        }
    }
}
