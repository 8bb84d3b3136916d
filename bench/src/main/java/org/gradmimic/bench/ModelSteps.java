package org.gradmimic.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Calibration;
import org.gradmimic.ScoreTable;
import org.gradmimic.Weighting;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.layer.Losses;
import org.gradmimic.layer.MimicSteps;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.PlainLayers;
import org.gradmimic.layer.RecordingLayers;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.ResNet;
import org.gradmimic.model.TensorSpec;
import org.gradmimic.model.VisionTransformer;

/** Whole training steps of one model: plain, or with a mimic layer. */
final class ModelSteps implements AutoCloseable {
    /** Pixels a side, and samples a batch, on the CPU. */
    static final int SIDE = 64;

    static final int BATCH = 16;
    private static final int CLASSES = 100;
    private static final double TEMPERATURE = 0.5;

    /** The models; bench/peers/per_sample.py has those that are measured. */
    enum Kind {
        /** ViT-B/16. */
        VIT_B_16("heads.head.weight", "encoder.layers.encoder_layer_11.mlp.3.weight") {
            @Override
            ImageClassifier model(int side) {
                return VisionTransformer.builder().side(side).classes(CLASSES).build();
            }
        },
        /** Narrow, of small patches: many tokens for few parameters. */
        VIT_SMALL_8("heads.head.weight", "encoder.layers.encoder_layer_5.mlp.3.weight") {
            @Override
            ImageClassifier model(int side) {
                return VisionTransformer.builder()
                        .side(side)
                        .patchSize(8)
                        .layers(6)
                        .heads(6)
                        .width(384)
                        .mlpWidth(1536)
                        .classes(CLASSES)
                        .build();
            }
        },
        /** Of no interest by itself: see {@link WarmUp}. */
        TINY("heads.head.weight", "encoder.layers.encoder_layer_1.mlp.3.weight") {
            @Override
            ImageClassifier model(int side) {
                return VisionTransformer.builder()
                        .side(side)
                        .patchSize(8)
                        .layers(2)
                        .heads(2)
                        .width(16)
                        .mlpWidth(32)
                        .classes(CLASSES)
                        .build();
            }
        },
        RESNET_18("fc.weight", "layer4.1.conv2.weight") {
            @Override
            ImageClassifier model(int side) {
                return new ResNet(false, new ResNet.Blocks(2, 2, 2, 2), CLASSES, side);
            }
        };

        /** What the tables of the CPU have. */
        static final List<Kind> MEASURED = List.of(VIT_B_16, VIT_SMALL_8, RESNET_18);

        private final String head;
        private final String last;

        Kind(String head, String last) {
            this.head = head;
            this.last = last;
        }

        abstract ImageClassifier model(int side);

        /** The name that bench/peers/per_sample.py has for it. */
        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What a step is of.
     *
     * @param side pixels
     * @param batch samples
     * @param headOnly train the head alone
     */
    record Setup(Kind kind, Device device, int side, int batch, boolean headOnly, Precision precision) {
        /** Every parameter, as the CPU's tables have it. */
        static Setup cpu(Kind kind) {
            return new Setup(kind, Device.CPU, SIDE, BATCH, false, Precision.F32);
        }
    }

    /** What is the mimic layer. */
    enum Mimic {
        HEAD,
        /** The last layer of the last MLP; the last convolution. */
        LAST,
        ALL
    }

    private final PointerScope scope = new PointerScope();
    private final Setup setup;
    private final ImageClassifier model;
    private final Map<String, Tensor> tensors;
    private final Parameters parameters;
    private final Optimizer optimizer;
    private final Tensor images;
    private final Tensor labels;
    private final Tensor ids;

    ModelSteps(Setup setup) {
        this.setup = setup;
        torch.manual_seed(1);
        model = setup.kind().model(setup.side());
        TensorOptions longs = new TensorOptions(ScalarType.Long);
        Device device = setup.device();
        images = device.move(torch.randn(setup.batch(), 3, setup.side(), setup.side()));
        labels = device.move(torch.randint(CLASSES, new long[] {setup.batch()}, longs));
        ids = device.move(torch.randint(1 << 20, new long[] {setup.batch()}, longs));
        tensors = tensors();
        parameters = Parameters.of(tensors);
        optimizer = Heads.optimizer(trained().stream().map(tensors::get).toArray(Tensor[]::new));
    }

    private List<String> trained() {
        return tensors.keySet().stream()
                .filter(name -> Objects.requireNonNull(tensors.get(name)).requires_grad())
                .toList();
    }

    private Map<String, Tensor> tensors() {
        Map<String, Tensor> made = new LinkedHashMap<>();
        model.stateDict().forEach((name, spec) -> {
            if (spec.role() == TensorSpec.Role.COUNTER) return;
            boolean one = name.endsWith("var") || name.endsWith(".weight") && spec.shape().length == 1;
            Tensor tensor = setup.device()
                    .move(
                            one
                                    ? torch.ones(spec.shape())
                                    : torch.randn(spec.shape()).mul_(new Scalar(0.02f)));
            boolean trained = !setup.headOnly() || model.head().contains(name);
            if (spec.role() == TensorSpec.Role.PARAMETER && trained) tensor.set_requires_grad(true);
            made.put(name, tensor);
        });
        return made;
    }

    /** A step of plain training. */
    void plain() {
        step(() -> {
            Tensor loss;
            try (Autocast forward = setup.precision().forward(setup.device())) {
                loss = torch.cross_entropy(model.logits(new PlainLayers(parameters, true), images), labels);
            }
            loss.backward();
        });
    }

    private void step(Runnable gradients) {
        try (PointerScope step = new PointerScope()) {
            optimizer.zero_grad();
            gradients.run();
            optimizer.step();
        }
    }

    /** Steps with a mimic layer, on the same parameters. */
    final class Mimicking implements AutoCloseable {
        private final ScoreTable table = Heads.table(setup.device());
        private final Parameters reference;
        private final RecordingLayers layers;
        private final MimicSteps steps;

        Mimicking(Mimic mimic, Calibration calibration) {
            List<String> names = switch (mimic) {
                case HEAD -> List.of(setup.kind().head);
                case LAST -> List.of(setup.kind().last);
                case ALL -> trained();
            };
            try (PointerScope temporary = new PointerScope()) {
                Map<String, Tensor> near = new LinkedHashMap<>();
                for (String name : names) {
                    Tensor value = Objects.requireNonNull(tensors.get(name)).detach();
                    near.put(
                            name,
                            torch.randn_like(value).mul_(new Scalar(0.02f)).add_(value));
                }
                reference = Parameters.of(near);
            }
            layers = RecordingLayers.builder(parameters)
                    .mimic(names)
                    .reference(reference)
                    .build();
            steps = MimicSteps.builder(layers)
                    .weighting(Weighting.normedProj(TEMPERATURE))
                    .calibration(calibration)
                    .table(table)
                    .build();
        }

        void step() {
            ModelSteps.this.step(() -> {
                Tensor losses;
                try (Autocast forward = setup.precision().forward(setup.device())) {
                    losses = Losses.crossEntropy(model.logits(layers, images), labels);
                }
                steps.step(losses, ids).backward();
            });
        }

        @Override
        public void close() {
            steps.close();
            layers.close();
            reference.close();
            table.close();
        }
    }

    @Override
    public void close() {
        parameters.close();
        model.close();
        scope.close();
    }
}
