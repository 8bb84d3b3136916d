package org.gradmimic.model;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.CrossEntropyLossOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.data.ImageBatch;

/**
 * Trains a {@link ConvBackbone} to classify images, under a linear head that is discarded afterwards. The same images,
 * settings and number of threads give the same weights.
 */
public final class BackboneTrainer {
    private final ConvBackbone backbone;
    private final BackboneTrainerSettings settings;
    private final BackboneTrainerListener listener;

    public BackboneTrainer(ConvBackbone backbone, BackboneTrainerSettings settings, BackboneTrainerListener listener) {
        this.backbone = backbone;
        this.settings = settings;
        this.listener = listener;
    }

    /** The number of steps of a training run on {@code samples} images. */
    public static long steps(BackboneTrainerSettings settings, int samples) {
        return (long) samples / Math.min(settings.batchSize(), samples) * settings.epochs();
    }

    /**
     * Trains to the end, or until the listener requests a stop.
     *
     * @param images of the backbone's input size
     * @param classes C; labels are in [0,C)
     * @return whether training reached its end
     * @throws InputException if there are fewer than two images, or the loss is no longer finite
     */
    public boolean train(ImageBatch images, int classes) {
        int samples = images.size();
        if (samples < 2) throw new InputException("a backbone cannot be trained on " + samples + " images");
        int batch = Math.min(settings.batchSize(), samples);
        long perEpoch = samples / batch;
        long steps = steps(settings, samples);
        SplitMix random = new SplitMix(settings.seed());
        Augmentation augmentation = new Augmentation(backbone.imageSize(), settings.shift(), settings.flips());
        ByteBuffer pixels =
                ByteBuffer.allocateDirect(batch * backbone.imageSize().rgbBytes());
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(settings.seed());
            LinearImpl head = new LinearImpl(backbone.width(), classes);
            SGD optimizer = optimizer(head);
            CrossEntropyLossOptions loss = new CrossEntropyLossOptions();
            loss.label_smoothing().put(settings.labelSmoothing());
            Tensor view = ImageTensors.view(pixels, batch, backbone.imageSize());
            long[] labels = new long[batch];
            int[] order = new int[samples];
            for (int i = 0; i < samples; i++) order[i] = i;
            for (long step = 0; step < steps; step++) {
                if (listener.stopRequested()) return false;
                int first = (int) (step % perEpoch) * batch;
                if (first == 0) random.shuffle(order);
                pixels.clear();
                for (int i = 0; i < batch; i++) {
                    augmentation.copy(images.pixels(), order[first + i], pixels, random);
                    labels[i] = images.labels()[order[first + i]];
                }
                double value = step(view, labels, head, optimizer, settings.rate(step, steps), loss);
                if (!Double.isFinite(value)) {
                    throw new InputException("the backbone's loss is " + value + " at step " + step + " of " + steps
                            + ": use a learning rate lower than " + settings.learningRate());
                }
                listener.stepped(step + 1, steps, value);
            }
            return true;
        }
    }

    private SGD optimizer(LinearImpl head) {
        TensorVector parameters = backbone.parameters();
        parameters.push_back(head.weight());
        parameters.push_back(head.bias());
        SGDOptions options = new SGDOptions(settings.learningRate());
        options.momentum().put(settings.momentum());
        options.nesterov().put(settings.momentum() > 0);
        options.weight_decay().put(settings.weightDecay());
        return new SGD(parameters, options);
    }

    private double step(
            Tensor images,
            long[] labels,
            LinearImpl head,
            SGD optimizer,
            double rate,
            CrossEntropyLossOptions options) {
        try (PointerScope scope = new PointerScope()) {
            Tensor logits = head.forward(backbone.forward(images, true));
            Tensor loss = torch.cross_entropy(logits, Tensors.of(labels, labels.length), options);
            optimizer.param_groups().get(0).options().set_lr(rate);
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
            return loss.item_double();
        }
    }
}
