package org.gradmimic.model;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;
import org.gradmimic.layer.PlainLayers;

/**
 * An architecture with its weights as a backbone. Its features are those before a classifier's head, or the projected
 * features of one of CLIP's towers, not scaled to length 1.
 */
public final class ModelBackbone implements Backbone {
    private final Architecture model;
    private final ImageInput input;
    private ModelWeights weights;
    private Device device = Device.CPU;
    private boolean closed;

    /**
     * @param model closed with this object
     * @param weights of the model; closed with this object
     * @param input how images are prepared; usually {@link Architecture#input}
     * @throws InvalidArgumentException if the images would not have the model's size
     */
    public ModelBackbone(Architecture model, ModelWeights weights, ImageInput input) {
        if (!input.fit().size().equals(model.imageSize())) {
            throw new InvalidArgumentException("the model takes images of " + model.imageSize() + ", not of "
                    + input.fit().size());
        }
        this.model = model;
        this.weights = weights;
        this.input = input;
    }

    @Override
    public ImageSize imageSize() {
        return model.imageSize();
    }

    @Override
    public ImageFit fit() {
        return input.fit();
    }

    @Override
    public int width() {
        return model instanceof ImageClassifier classifier
                ? classifier.featureWidth()
                : ((ContrastiveModel) model).featureWidth();
    }

    @Override
    public void moveTo(Device target) {
        model.moveTo(target);
        weights = weights.moved(target);
        device = target;
    }

    @Override
    public Tensor features(Tensor images) {
        ImageTensors.require(images, imageSize());
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor pixels = input.normalisation().of(device.move(images)).contiguous();
            PlainLayers layers = layers();
            result.put(whole(
                    model instanceof ImageClassifier classifier
                            ? classifier.features(layers, pixels)
                            : ((ContrastiveModel) model).imageFeatures(layers, pixels)));
        }
        return result;
    }

    /**
     * Embeds captions with CLIP's text tower.
     *
     * @param tokens [n,context length] long
     * @return [n,D] float, contiguous; belongs to the caller's scope
     * @throws InvalidArgumentException if the model has no text tower
     */
    public Tensor textFeatures(Tensor tokens) {
        if (!(model instanceof ContrastiveModel clip)) {
            throw new InvalidArgumentException("the model has no text tower; only CLIP has one");
        }
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            result.put(whole(clip.textFeatures(layers(), device.move(tokens))));
        }
        return result;
    }

    private PlainLayers layers() {
        if (closed) throw new InvalidStateException("this backbone is closed");
        return new PlainLayers(weights.parameters(), false);
    }

    private static Tensor whole(Tensor features) {
        return features.to(ScalarType.Float).contiguous();
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        weights.close();
        model.close();
    }
}
