package org.gradmimic.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.gradmimic.base.InputException;

/** Architectures by kind and configuration. */
public final class Models {
    private Models() {}

    /** What there is. */
    public enum Kind {
        /** torchvision's Vision Transformer. */
        VIT,
        /** CLIP, as open_clip has it. */
        CLIP,
        /** torchvision's ResNet. */
        RESNET,
        /** A head over a TorchScript file's features. */
        TORCHSCRIPT;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /**
     * An architecture.
     *
     * @param config a JSON file, or one of {@link #names}
     * @throws InputException if it is neither, or asks for what isn't served
     */
    public static Model open(Kind kind, String config) {
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
            case TORCHSCRIPT -> ScriptClassifier.of(read, Path.of(config));
        };
    }

    /** Sizes that go by a name: torchvision's, open_clip's. */
    public static Set<String> names(Kind kind) {
        return switch (kind) {
            case VIT -> VisionTransformer.named().keySet();
            case CLIP -> Clip.named();
            case RESNET -> ResNet.named().keySet();
            case TORCHSCRIPT -> Set.of();
        };
    }

    private static Model named(Kind kind, String name) {
        Map<String, ? extends Model> sizes =
                kind == Kind.VIT ? VisionTransformer.named() : kind == Kind.RESNET ? ResNet.named() : Map.of();
        return kind == Kind.CLIP ? Clip.named(name) : sizes.get(name);
    }
}
