package org.gradmimic.model;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;
import org.gradmimic.layer.Layers;

/**
 * A linear head over the features of a frozen TorchScript file, whose layers cannot be recorded. Its only parameters
 * are {@code head.weight} [C,D] and {@code head.bias} [C]. The file is a program: use only files that you trust.
 */
public final class TorchScriptClassifier implements ImageClassifier {
    private static final String HEAD = "head";

    private final TorchScriptBackbone backbone;
    private final int classes;

    private TorchScriptClassifier(TorchScriptBackbone backbone, int classes) {
        this.backbone = backbone;
        this.classes = classes;
    }

    /**
     * Reads {@code backbone} (a file, relative to the configuration's folder), {@code image_size} and {@code
     * num_classes}.
     */
    static TorchScriptClassifier of(ModelConfig config, Path file) {
        Path script = file.resolveSibling(config.text("backbone"));
        int side = config.side("image_size", 224);
        int classes = config.positive("num_classes", ModelConfig.Limit.CLASSES);
        config.finish();
        ImageSize size;
        try {
            size = ImageSize.square(side);
        } catch (InvalidArgumentException e) {
            throw config.wrong(e.getMessage());
        }
        return new TorchScriptClassifier(
                TorchScriptBackbone.load(script, new ImageInput(ImageFit.of(size), PixelNormalisation.of(0.5, 0.5))),
                classes);
    }

    @Override
    public Map<String, TensorSpec> stateDict() {
        return new StateDict().linear(HEAD, backbone.width(), classes).all();
    }

    @Override
    public Set<String> head() {
        return Set.of(HEAD + ".weight", HEAD + ".bias");
    }

    @Override
    public ImageSize imageSize() {
        return backbone.imageSize();
    }

    @Override
    public int classes() {
        return classes;
    }

    @Override
    public Architecture withSide(int side) {
        throw new InvalidArgumentException("a TorchScript file takes images of one size; its configuration names it");
    }

    @Override
    public ImageInput input() {
        return new ImageInput(backbone.fit(), PixelNormalisation.of(0.5, 0.5));
    }

    @Override
    public int featureWidth() {
        return backbone.width();
    }

    @Override
    public Tensor logits(Layers layers, Tensor images) {
        return layers.linear(HEAD, features(layers, images));
    }

    /** @throws InputException if the file's program fails on these images */
    @Override
    public Tensor features(Layers layers, Tensor images) {
        Tensors.requireShape(
                "images",
                images,
                images.size(0),
                3,
                imageSize().height(),
                imageSize().width());
        return backbone.run(images);
    }

    @Override
    public void moveTo(Device device) {
        backbone.moveTo(device);
    }

    /** Frees the backbone; a second call does nothing. */
    @Override
    public void close() {
        backbone.close();
    }
}
