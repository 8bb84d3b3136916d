package org.gradmimic;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.layer.LayerScores;
import org.gradmimic.layer.Losses;
import org.gradmimic.layer.MimicSteps;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.RecordingLayers;

/**
 * The loops of README.md, docs/layers.md and the Javadoc, as they stand there, over modules of LibTorch. Each runs in a process of
 * its own, which prints the memory it holds after the warm-up and at the end. Arguments: the loop, warm-up steps, steps.
 */
final class DocumentedLoops {
    /** The loops. */
    enum Loop {
        /** A head over a network: README.md, MimicHead, TensorScope. */
        HEAD,
        /** Recording layers over a network with batch normalisation: README.md, RecordingLayers. */
        LAYERS,
        /** The same with the forward pass under autocast: docs/layers.md, Autocast. */
        AUTOCAST,
        /** Scores without training: docs/layers.md. */
        SCORES,
        /** Rows of a feature file. */
        ROWS
    }

    private static final int B = 16;
    private static final int CHANNELS = 8;
    private static final int SIDE = 16;
    private static final int CLASSES = 10;

    private DocumentedLoops() {}

    /** What a data loader gives; made in the iteration that asks for it. */
    private record Batch(Tensor x, Tensor labels, Tensor ids) {}

    /** Batches that are drawn as they are asked for, and figures between them. */
    private record Loader(int warmUp, int steps) implements Iterable<Integer> {
        @Override
        public Iterator<Integer> iterator() {
            return new Iterator<>() {
                private int next;

                @Override
                public boolean hasNext() {
                    if (next == warmUp || next == warmUp + steps) report();
                    return next < warmUp + steps;
                }

                @Override
                public Integer next() {
                    return next++;
                }
            };
        }

        Batch batch(int step) {
            return new Batch(
                    torch.randn(B, 3, SIDE, SIDE),
                    torch.randint(0, CLASSES, new long[] {B}).to(torch.ScalarType.Long),
                    Tensors.of(new long[] {step}, 1).expand(B).contiguous());
        }
    }

    /** Resident bytes, and native objects that JavaCPP would have to free. */
    private static void report() {
        System.gc();
        try {
            long pages =
                    Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
            System.out.println(4096 * pages + " " + Pointer.totalCount());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** A small network of the user's own. */
    private static final class Net {
        final Module model = new Module();
        final Conv2dImpl conv = new Conv2dImpl(new Conv2dOptions(3, CHANNELS, new LongPointer(3, 3)));
        final BatchNorm2dImpl norm = new BatchNorm2dImpl(new BatchNormOptions(CHANNELS));
        final LinearImpl fc = new LinearImpl(CHANNELS * (SIDE - 2) * (SIDE - 2), CLASSES);

        Net() {
            model.register_module("conv", conv);
            model.register_module("norm", norm);
            model.register_module("fc", fc);
        }

        Tensor features(Tensor x) {
            return torch.relu(norm.forward(conv.forward(x))).flatten(1, -1);
        }

        Tensor losses(RecordingLayers layers, Batch batch) {
            Tensor h = torch.relu(layers.batchNorm(norm, layers.conv2d(conv, batch.x())));
            return Losses.crossEntropy(layers.linear(fc, h.flatten(1, -1)), batch.labels());
        }
    }

    public static void main(String[] args) {
        Loader loader = new Loader(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        torch.manual_seed(1);
        switch (Loop.valueOf(args[0])) {
            case HEAD -> head(loader);
            case LAYERS -> layers(loader, false);
            case AUTOCAST -> layers(loader, true);
            case SCORES -> scores(loader);
            case ROWS -> rows(loader);
        }
    }

    private static void head(Loader loader) {
        Net net = new Net();
        SGD optimizer = new SGD(net.model.parameters(), new SGDOptions(1e-3));
        try (ScoreTable table = new ScoreTable(1 << 10, (e, s, ids, score, weight, loss, n) -> {});
                MimicHead head = MimicHead.builder(net.fc)
                        .reference(torch.randn_like(net.fc.weight().detach()))
                        .weighting(Weighting.normedProj(0.5))
                        .table(table)
                        .build()) {
            for (int i : loader) {
                try (TensorScope scope = TensorScope.open()) {
                    Batch batch = loader.batch(i);
                    optimizer.zero_grad();
                    TrainingStep step = head.step(net.features(batch.x()), batch.labels(), batch.ids());
                    step.backward();
                    optimizer.step();
                }
            }
            table.drain();
        }
    }

    private static RecordingLayers recording(Parameters parameters, Parameters reference) {
        return RecordingLayers.builder(parameters)
                .mimic("conv.weight", "norm.weight", "fc.weight")
                .reference(reference)
                .build();
    }

    private static void layers(Loader loader, boolean autocast) {
        Net net = new Net();
        SGD optimizer = new SGD(net.model.parameters(), new SGDOptions(1e-3));
        try (ScoreTable table = new ScoreTable(1 << 10, (e, s, ids, score, weight, loss, n) -> {});
                Parameters parameters = Parameters.of(net.model);
                Parameters reference = Parameters.of(new Net().model);
                RecordingLayers layers = recording(parameters, reference);
                MimicSteps mimic = MimicSteps.builder(layers)
                        .weighting(Weighting.normedProj(0.5))
                        .calibration(Calibration.ALL)
                        .table(table)
                        .build()) {
            for (int i : loader) {
                try (TensorScope scope = TensorScope.open()) {
                    Batch batch = loader.batch(i);
                    optimizer.zero_grad();
                    Tensor losses;
                    try (Autocast precision =
                            autocast ? Autocast.to(Device.CPU, torch.ScalarType.BFloat16) : Autocast.off(Device.CPU)) {
                        losses = net.losses(layers, batch);
                    }
                    mimic.step(losses, batch.ids()).backward();
                    optimizer.step();
                }
            }
            table.drain();
        }
    }

    private static void scores(Loader loader) {
        Net net = new Net();
        try (Parameters parameters = Parameters.of(net.model);
                Parameters reference = Parameters.of(new Net().model);
                RecordingLayers layers = recording(parameters, reference)) {
            for (int i : loader) {
                try (TensorScope scope = TensorScope.open()) {
                    Tensor losses = net.losses(layers, loader.batch(i));
                    LayerScores scores = layers.score(losses, false);
                    if (scores.losses().length != B) throw new IllegalStateException("a score for every sample");
                }
            }
        }
    }

    private static void rows(Loader loader) {
        int width = 3 * SIDE * SIDE;
        try (PointerScope all = new PointerScope();
                HeadScores found = HeadScores.builder(B).gradientNorms().build();
                HeadScorer scorer = HeadScorer.builder(torch.randn(CLASSES, width))
                        .reference(torch.randn(CLASSES, width))
                        .build()) {
            for (int i : loader) {
                try (TensorScope scope = TensorScope.open()) {
                    Batch batch = loader.batch(i);
                    scorer.score(batch.x().reshape(B, width), batch.labels(), found);
                    if (found.scores().length != B) throw new IllegalStateException("a score for every row");
                }
            }
        }
    }
}
