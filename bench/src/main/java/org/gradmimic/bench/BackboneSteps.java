package org.gradmimic.bench;

import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.HeadStep;
import org.gradmimic.MimicHead;
import org.gradmimic.ScoreTable;

/** Whole training steps on images [B,3,32,32] behind a small convolutional network, plain and with Grad-Mimic. */
final class BackboneSteps implements AutoCloseable {
    private static final int BATCHES = 4;
    private static final int SIDE = 32;

    /** Width of what the head sees. */
    static final int FEATURES = 256;

    /** Three convolutions, each halved by pooling, and a layer of {@link #FEATURES} in front of the head. */
    private static final class Network {
        private static final int POOLED = SIDE / 8;

        final Conv2dImpl first = convolution(3, 32);
        final Conv2dImpl second = convolution(32, 64);
        final Conv2dImpl third = convolution(64, 128);
        final LinearImpl embed = new LinearImpl(128 * POOLED * POOLED, FEATURES);
        final LinearImpl head;
        final Optimizer optimizer;

        Network(int classes) {
            head = new LinearImpl(FEATURES, classes);
            optimizer = Heads.optimizer(
                    first.weight(),
                    first.bias(),
                    second.weight(),
                    second.bias(),
                    third.weight(),
                    third.bias(),
                    embed.weight(),
                    embed.bias(),
                    head.weight(),
                    head.bias());
        }

        private static Conv2dImpl convolution(long in, long out) {
            Conv2dOptions options = new Conv2dOptions(in, out, new LongPointer(3, 3));
            options.padding().put(new LongPointer(1, 1));
            return new Conv2dImpl(options);
        }

        /** [B,FEATURES] */
        Tensor features(Tensor images) {
            Tensor x = images;
            for (Conv2dImpl layer : new Conv2dImpl[] {first, second, third}) {
                x = torch.max_pool2d(torch.relu(layer.forward(x)), 2, 2);
            }
            return torch.relu(embed.forward(torch.flatten(x, 1, -1)));
        }
    }

    private final PointerScope scope = new PointerScope();
    private final Tensor[] images = new Tensor[BATCHES];
    private final Tensor[] labels = new Tensor[BATCHES];
    private final Tensor[] ids = new Tensor[BATCHES];
    private final ScoreTable table = Heads.table();
    private final Network plain;
    private final Network mimic;
    private final MimicHead mimicHead;
    private int next;

    BackboneSteps(int batch, int classes) {
        torch.manual_seed(1);
        TensorOptions longs = new TensorOptions(ScalarType.Long);
        for (int i = 0; i < BATCHES; i++) {
            images[i] = torch.randn(batch, 3, SIDE, SIDE);
            labels[i] = torch.randint(classes, new long[] {batch}, longs);
            ids[i] = torch.randint(1 << 20, new long[] {batch}, longs);
        }
        plain = new Network(classes);
        mimic = new Network(classes);
        mimicHead = Heads.mimic(mimic.head, Heads.reference(classes, FEATURES), table);
    }

    private int turn() {
        return next = (next + 1) % BATCHES;
    }

    /** LibTorch's step through backbone and head. */
    void plain() {
        int i = turn();
        try (PointerScope step = new PointerScope()) {
            plain.optimizer.zero_grad();
            Tensor logits = plain.head.forward(plain.features(images[i]));
            torch.cross_entropy(logits, labels[i]).backward();
            plain.optimizer.step();
        }
    }

    /** The same with the head's weights from Grad-Mimic. */
    void mimic() {
        int i = turn();
        try (PointerScope scope = new PointerScope()) {
            mimic.optimizer.zero_grad();
            HeadStep step = mimicHead.step(mimic.features(images[i]), labels[i], ids[i]);
            step.backward();
            mimic.optimizer.step();
        }
    }

    @Override
    public void close() {
        mimicHead.close();
        table.close();
        scope.close();
    }
}
