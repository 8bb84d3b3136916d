package org.example;

import java.util.Arrays;
import java.util.Locale;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Calibration;
import org.gradmimic.TensorScope;
import org.gradmimic.Weighting;
import org.gradmimic.layer.Losses;
import org.gradmimic.layer.MimicStep;
import org.gradmimic.layer.MimicSteps;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.RecordingLayers;

/**
 * Grad-Mimic over LibTorch modules of one's own, a convolution, a batch normalisation and a linear layer. The mimic layer is the
 * convolution. The images have one bright quarter, which is their class.
 */
public final class RecordedLayers {
    private static final int CLASSES = 4;
    private static final int SIDE = 8;
    private static final int CHANNELS = 8;
    private static final int BATCH = 32;
    private static final int STEPS = 60;

    /** A network with a forward pass that is plain, and one that records. */
    private static final class Network {
        final Module module = new Module();
        final Conv2dImpl conv = new Conv2dImpl(new Conv2dOptions(1, CHANNELS, new LongPointer(3, 3)));
        final BatchNorm2dImpl norm = new BatchNorm2dImpl(new BatchNormOptions(CHANNELS));
        final LinearImpl linear = new LinearImpl(CHANNELS * (SIDE - 2) * (SIDE - 2), CLASSES);

        Network() {
            module.register_module("conv", conv);
            module.register_module("norm", norm);
            module.register_module("linear", linear);
        }

        Tensor forward(Tensor x) {
            return linear.forward(torch.relu(norm.forward(conv.forward(x))).flatten(1, -1));
        }

        Tensor forward(RecordingLayers layers, Tensor x) {
            Tensor h = torch.relu(layers.batchNorm(norm, layers.conv2d(conv, x)));
            return layers.linear(linear, h.flatten(1, -1));
        }
    }

    public static void main(String[] arguments) {
        try (TensorScope scope = TensorScope.open()) {
            // Both begin with the same numbers, so that the way from one to the other is a way downhill.
            torch.manual_seed(1);
            Network teacher = new Network();
            torch.manual_seed(1);
            Network student = new Network();
            trainPlainly(teacher);
            train(student, teacher);
        }
    }

    private static void trainPlainly(Network network) {
        SGD optimizer = new SGD(network.module.parameters(), new SGDOptions(0.05));
        for (int step = 0; step < STEPS; step++) {
            try (TensorScope scope = TensorScope.open()) {
                optimizer.zero_grad();
                Tensor labels = labels();
                Losses.crossEntropy(network.forward(images(labels)), labels)
                        .mean()
                        .backward();
                optimizer.step();
            }
        }
    }

    private static void train(Network network, Network teacher) {
        SGD optimizer = new SGD(network.module.parameters(), new SGDOptions(0.05));
        try (Parameters parameters = Parameters.of(network.module);
                Parameters reference = Parameters.of(teacher.module);
                RecordingLayers layers = RecordingLayers.builder(parameters)
                        .mimic("conv.weight")
                        .reference(reference)
                        .build();
                MimicSteps mimic = MimicSteps.builder(layers)
                        .weighting(Weighting.normedProj(0.5))
                        .calibration(Calibration.ALL)
                        .build()) {
            for (int step = 0; step < STEPS; step++) {
                try (TensorScope scope = TensorScope.open()) {
                    optimizer.zero_grad();
                    Tensor labels = labels();
                    Tensor losses = Losses.crossEntropy(network.forward(layers, images(labels)), labels);
                    MimicStep scored = mimic.step(losses);
                    scored.backward();
                    optimizer.step();
                    if (step == 0 || step == STEPS - 1) print(step, scored);
                }
            }
        }
    }

    private static void print(int step, MimicStep scored) {
        double[] scores = scored.layerScores().scores()[0];
        System.out.printf(
                Locale.ROOT,
                "step %d: mean loss %.4f, mean score %.5f, distance to the reference %.4f, finite %b%n",
                step,
                scored.meanLoss(),
                Arrays.stream(scores).average().orElseThrow(),
                scored.layerScores().directionNorms()[0],
                scored.nonFiniteIds().isEmpty());
    }

    private static Tensor labels() {
        return torch.randint(CLASSES, new long[] {BATCH}).toType(torch.ScalarType.Long);
    }

    private static Tensor images(Tensor labels) {
        int half = SIDE / 2;
        // One image for each class, [4,8,8], of which every sample has its own, with noise.
        Tensor corners = torch.eye(CLASSES).view(CLASSES, 2, 2);
        Tensor drawn = corners.repeat_interleave(half, new LongOptional(1), new LongOptional())
                .repeat_interleave(half, new LongOptional(2), new LongOptional());
        Tensor noise = torch.randn(BATCH, 1, SIDE, SIDE);
        return drawn.index_select(0, labels).unsqueeze(1).add(noise);
    }
}
