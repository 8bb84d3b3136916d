package org.gradmimic.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceCounters;
import org.gradmimic.device.Gpu;
import org.gradmimic.device.TestDevice;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.layer.Losses;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.PlainLayers;
import org.gradmimic.model.Architecture;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.MimicLayers;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.Models;
import org.gradmimic.model.Models.Kind;
import org.gradmimic.model.Safetensors;
import org.gradmimic.model.TensorSpec;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scores of whole models against one gradient a sample, taken by autograd. */
class ModelScoringTest {
    private static final int SAMPLES = 5;

    @TempDir
    private Path folder;

    private final Random random = new Random(3);

    private Path write(String name, Architecture model) {
        Path file = folder.resolve(name);
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            model.stateDict().forEach((parameter, spec) -> {
                if (spec.role() != TensorSpec.Role.COUNTER) tensors.put(parameter, drawn(parameter, spec.shape()));
            });
            Safetensors.write(file, Map.of(), tensors);
        }
        return file;
    }

    private Tensor drawn(String name, long[] shape) {
        float[] values = new float[Math.toIntExact(Arrays.stream(shape).reduce(1, (a, b) -> a * b))];
        long inputs = Arrays.stream(shape).skip(1).reduce(1, (a, b) -> a * b);
        boolean factor = shape.length == 1 && (name.endsWith("weight") || name.endsWith("var"));
        for (int i = 0; i < values.length; i++) {
            double u = 2 * random.nextDouble() - 1;
            values[i] = (float) (factor ? 1 + 0.2 * u : shape.length > 1 ? u * Math.sqrt(3.0 / inputs) : 0.1 * u);
        }
        return Tensors.of(values, shape);
    }

    private NpySamples samples(ImageClassifier model, int atATime) {
        int side = model.imageSize().height();
        float[] pixels = new float[SAMPLES * 3 * side * side];
        for (int i = 0; i < pixels.length; i++) pixels[i] = (float) random.nextGaussian();
        long[] labels = random.longs(SAMPLES, 0, model.classes()).toArray();
        Path images = folder.resolve("x.npy");
        try (NpyWriter writer = NpyWriter.create(images, SAMPLES, 3, side, side)) {
            writer.put(0, FloatBuffer.wrap(pixels));
            writer.commit();
        }
        NpyWriter.write(folder.resolve("y.npy"), labels, SAMPLES);
        return reopened(model, atATime);
    }

    private Architecture model(Kind kind, String json) throws Exception {
        return Models.open(
                kind, Files.writeString(folder.resolve("config.json"), json).toString());
    }

    @Test
    void everyParameterOfAVisionTransformer() throws Exception {
        compare(
                model(
                        Kind.VIT,
                        "{\"image_size\":16,\"patch_size\":4,\"num_layers\":2,\"num_heads\":2,\"hidden_dim\":12,\"mlp_dim\":20,"
                                + "\"num_classes\":4}"),
                "*");
    }

    @Test
    void parametersOfResNets() throws Exception {
        compare(
                model(Kind.RESNET, "{\"block\":\"basic\",\"layers\":[1,1,1,1],\"num_classes\":4,\"image_size\":32}"),
                "*1.weight,fc.*");
        compare(
                model(
                        Kind.RESNET,
                        "{\"block\":\"bottleneck\",\"layers\":[1,1,1,1],\"num_classes\":3,\"image_size\":33}"),
                "layer2.*");
    }

    private static final String SMALL_VIT =
            "{\"image_size\":16,\"patch_size\":4,\"num_layers\":1,\"num_heads\":2,\"hidden_dim\":12,\"mlp_dim\":20,"
                    + "\"num_classes\":4}";

    /** Results of several batches are read at once there, and are those of the CPU. */
    @Test
    void asOnADevice() throws Exception {
        scoreOn(TestDevice.asynchronousCpu(), 0);
    }

    @Test
    @Tag("gpu")
    void onADevice() throws Exception {
        scoreOn(Gpu.device(), 1e-4);
    }

    private void scoreOn(Device device, double tolerance) throws Exception {
        ImageClassifier model = (ImageClassifier) model(Kind.VIT, SMALL_VIT);
        Path live = write("m.safetensors", model);
        Path theirs = write("r.safetensors", model);
        samples(model, 2).close();
        List<String> layer = MimicLayers.resolve(model, "heads.*,*mlp*weight");
        for (Weighting.Kind kind : new Weighting.Kind[] {Weighting.Kind.COS, Weighting.Kind.NORMED_PROJ}) {
            ScoreMemory slow = score(Device.CPU, model, live, theirs, layer, kind, 1);
            long reads = DeviceCounters.hostReads();
            ScoreMemory fast = score(device, model, live, theirs, layer, kind, 1);
            // All batches at once; weights follow on the host.
            assertThat(DeviceCounters.hostReads() - reads).isEqualTo(1);
            for (int i = 0; i < SAMPLES; i++) {
                assertThat((double) fast.scores()[i]).isCloseTo(slow.scores()[i], within(tolerance));
                assertThat((double) fast.losses()[i]).isCloseTo(slow.losses()[i], within(tolerance));
            }
        }
    }

    private ScoreMemory score(
            Device device,
            ImageClassifier model,
            Path live,
            Path theirs,
            List<String> layer,
            Weighting.Kind kind,
            int atATime) {
        try (PointerScope scope = new PointerScope();
                ModelWeights weights = ModelWeights.read(model, live).moved(device);
                ModelWeights reference = ModelWeights.read(model, theirs).moved(device);
                NpySamples samples = reopened(model, atATime)) {
            return TestDevice.on(device, () -> {
                ScoreMemory memory = ScoreSink.memory();
                try (ModelSource source = ModelSource.builder(model, weights, samples)
                        .references(reference)
                        .mimicLayer(layer)
                        .build()) {
                    ScoreSummary summary = new Scoring(Weighting.of(kind, 1, 0)).run(source, memory, done -> {});
                    assertThat(summary.nonFinite()).isZero();
                }
                return memory;
            });
        }
    }

    /** @param single parameters that are compared one by one; then all at once */
    private void compare(Architecture opened, String single) {
        ImageClassifier model = (ImageClassifier) opened;
        List<String> all = MimicLayers.resolve(model, MimicLayers.ALL);
        try (PointerScope scope = new PointerScope();
                ModelWeights weights = ModelWeights.read(model, write("m.safetensors", model));
                ModelWeights reference = ModelWeights.read(model, write("r.safetensors", model))) {
            Slow slow;
            try (NpySamples samples = samples(model, SAMPLES)) {
                slow = slow(model, weights.parameters(), reference.parameters(), all, samples.next());
            }
            List<List<String>> layers = new ArrayList<>(
                    MimicLayers.resolve(model, single).stream().map(List::of).toList());
            layers.add(all);
            for (List<String> layer : layers) {
                try (NpySamples samples = reopened(model, 2)) {
                    ScoreMemory fast = ScoreSink.memory().withGradientNorms();
                    try (ModelSource source = ModelSource.builder(model, weights, samples)
                            .references(reference)
                            .mimicLayer(layer)
                            .build()) {
                        new Scoring(Weighting.proj()).run(source, fast, done -> {});
                    }
                    assertClose(layer + " score", fast.scores(), slow.scores(layer));
                    assertClose(layer + " norm", fast.gradientNorms(), slow.norms(layer));
                }
            }
        }
    }

    /** The same samples, some at a time: what stands beside a sample changes nothing. */
    private NpySamples reopened(ImageClassifier model, int atATime) {
        return NpySamples.images(folder.resolve("x.npy"), model.imageSize())
                .batchSize(atATime)
                .labelled(folder.resolve("y.npy"), model.classes());
    }

    /** ⟨g_i, V⟩, ‖g_i‖² and ‖V‖² of each parameter. */
    private record Slow(Map<String, double[]> dots, Map<String, double[]> norms, Map<String, Double> directions) {
        double[] scores(List<String> layer) {
            double direction =
                    Math.sqrt(layer.stream().mapToDouble(directions::get).sum());
            double[] scores = new double[SAMPLES];
            Arrays.setAll(
                    scores,
                    i -> -layer.stream().mapToDouble(name -> dots.get(name)[i]).sum() / direction);
            return scores;
        }

        double[] norms(List<String> layer) {
            double[] all = new double[SAMPLES];
            Arrays.setAll(
                    all,
                    i -> Math.sqrt(layer.stream()
                            .mapToDouble(name -> norms.get(name)[i])
                            .sum()));
            return all;
        }
    }

    private static Slow slow(
            ImageClassifier model, Parameters theta, Parameters reference, List<String> names, Samples.Batch batch) {
        Map<String, Tensor> live = new LinkedHashMap<>();
        for (String name : theta.names()) {
            live.put(name, theta.tensor(name).clone().set_requires_grad(names.contains(name)));
        }
        Slow slow = new Slow(new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
        for (String name : names) {
            slow.dots.put(name, new double[SAMPLES]);
            slow.norms.put(name, new double[SAMPLES]);
            slow.directions.put(name, squared(reference.tensor(name).sub(theta.tensor(name))));
        }
        try (Parameters parameters = Parameters.of(live)) {
            for (int i = 0; i < SAMPLES; i++) {
                Tensor logits = model.logits(
                        new PlainLayers(parameters, false), batch.images().narrow(0, i, 1));
                Tensor loss = Losses.crossEntropy(logits, batch.targets().narrow(0, i, 1));
                TensorVector gradients = torch.grad(
                        new TensorVector(loss),
                        new TensorVector(names.stream().map(live::get).toArray(Tensor[]::new)));
                for (int k = 0; k < names.size(); k++) {
                    String name = names.get(k);
                    Tensor gradient = gradients.get(k);
                    Tensor v = reference.tensor(name).sub(theta.tensor(name));
                    slow.dots.get(name)[i] = gradient.mul(v).sum().item_float();
                    slow.norms.get(name)[i] = squared(gradient);
                }
            }
        }
        return slow;
    }

    private static double squared(Tensor tensor) {
        return tensor.pow(new Scalar(2)).sum().item_float();
    }

    /** Single precision through dozens of layers on both sides. */
    private static void assertClose(String what, float[] actual, double[] expected) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        assertThat(largest).as(what).isPositive();
        for (int i = 0; i < SAMPLES; i++) {
            assertThat((double) actual[i]).as("%s, sample %d", what, i).isCloseTo(expected[i], within(5e-4 * largest));
        }
    }
}
