package org.example;

import java.util.Locale;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.MimicHead;
import org.gradmimic.ScoreTable;
import org.gradmimic.TensorScope;
import org.gradmimic.TrainingStep;
import org.gradmimic.Weighting;
import org.gradmimic.layer.Losses;

/**
 * Grad-Mimic in a training loop of one's own: a backbone, a linear head, and a reference for the head. A part of the labels is
 * wrong; the samples with wrong labels get smaller weights.
 */
public final class HeadLoop {
    private static final int CLASSES = 4;
    private static final int INPUTS = 16;
    private static final int FEATURES = 32;
    private static final int BATCH = 64;
    private static final int STEPS = 200;

    /** Every third label is wrong. */
    private static final int WRONG = 3;

    /** Sums of weights, of samples with right labels and with wrong ones. */
    private final double[] weights = new double[2];

    private final long[] counts = new long[2];

    public static void main(String[] arguments) {
        torch.manual_seed(1);
        try (TensorScope scope = TensorScope.open()) {
            new HeadLoop().run();
        }
    }

    private void run() {
        Tensor centres = torch.randn(CLASSES, INPUTS);
        LinearImpl backbone = new LinearImpl(INPUTS, FEATURES);
        LinearImpl linear = new LinearImpl(FEATURES, CLASSES);
        Module model = new Module();
        model.register_module("backbone", backbone);
        model.register_module("head", linear);

        trainPlainly(model, backbone, linear, centres);
        Tensor reference = linear.weight().detach().clone();
        System.out.printf(Locale.ROOT, "reference: accuracy %.3f%n", accuracy(backbone, linear, centres));

        linear.reset_parameters();
        train(model, backbone, linear, reference, centres);
        System.out.printf(Locale.ROOT, "grad-mimic: accuracy %.3f%n", accuracy(backbone, linear, centres));
        System.out.printf(
                Locale.ROOT,
                "mean relative weight: %.3f of right labels, %.3f of wrong ones%n",
                BATCH * weights[0] / counts[0],
                BATCH * weights[1] / counts[1]);
    }

    /** On right labels alone. */
    private static void trainPlainly(Module model, LinearImpl backbone, LinearImpl linear, Tensor centres) {
        SGD optimizer = new SGD(model.parameters(), new SGDOptions(0.1));
        for (int step = 0; step < STEPS; step++) {
            try (TensorScope scope = TensorScope.open()) {
                optimizer.zero_grad();
                Tensor labels = labels(step);
                Tensor features = torch.relu(backbone.forward(inputs(centres, labels)));
                Losses.crossEntropy(linear.forward(features), labels).mean().backward();
                optimizer.step();
            }
        }
    }

    private void train(Module model, LinearImpl backbone, LinearImpl linear, Tensor reference, Tensor centres) {
        SGD optimizer = new SGD(model.parameters(), new SGDOptions(0.1));
        try (ScoreTable table = new ScoreTable(8 * BATCH, this::count);
                MimicHead head = MimicHead.builder(linear)
                        .reference(reference)
                        .weighting(Weighting.normedProj(0.5))
                        .table(table)
                        .build()) {
            for (int step = 0; step < STEPS; step++) {
                try (TensorScope scope = TensorScope.open()) {
                    Tensor ids = ids(step);
                    Tensor labels = labels(step);
                    Tensor wrong = ids.remainder(torch.tensor(WRONG)).eq(torch.tensor(0));
                    Tensor given = torch.where(wrong, labels.add(torch.tensor(1)), labels)
                            .remainder(torch.tensor(CLASSES));
                    optimizer.zero_grad();
                    Tensor features = torch.relu(backbone.forward(inputs(centres, labels)));
                    TrainingStep scored = head.step(features, given, ids);
                    scored.backward();
                    optimizer.step();
                }
            }
            table.drain();
        }
    }

    /** What the table's rows say of the weights. */
    private void count(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int n) {
        for (int i = 0; i < n; i++) {
            int wrong = ids[i] % WRONG == 0 ? 1 : 0;
            weights[wrong] += weight[i];
            counts[wrong]++;
        }
    }

    private static double accuracy(LinearImpl backbone, LinearImpl linear, Tensor centres) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor labels = labels(0);
            Tensor logits = linear.forward(torch.relu(backbone.forward(inputs(centres, labels))));
            return logits.argmax(new LongOptional(1), false).eq(labels).sum().item_long() / (double) BATCH;
        }
    }

    private static Tensor ids(int step) {
        return torch.arange(new Scalar(BATCH)).add(torch.tensor((long) step * BATCH));
    }

    private static Tensor labels(int step) {
        return torch.randint(CLASSES, new long[] {BATCH}).toType(torch.ScalarType.Long);
    }

    private static Tensor inputs(Tensor centres, Tensor labels) {
        return centres.index_select(0, labels).add(torch.randn(BATCH, INPUTS));
    }
}
