package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.gradmimic.layer.ContrastiveBatch.Kind;

/** Two small towers, the scale's logarithm and a bias. */
final class Towers implements AutoCloseable {
    final Kind kind;
    final Map<String, Tensor> live;
    final Map<String, Tensor> reference;
    final List<String> names;
    final Tensor images;
    final Tensor words;
    final Parameters parameters;
    final Parameters references;

    Towers(Kind kind, ScalarType type, int rows) {
        this(Device.CPU, kind, type, rows);
    }

    Towers(Device device, Kind kind, ScalarType type, int rows) {
        this.kind = kind;
        torch.manual_seed(11L + rows);
        live = SmallModels.moved(device, random(type));
        reference = SmallModels.moved(device, random(type));
        names = new ArrayList<>(live.keySet());
        images = device.move(SmallModels.VISION.input(rows).to(type));
        words = device.move(SmallModels.TEXT.input(rows));
        parameters = Parameters.of(live);
        references = Parameters.of(reference);
    }

    private Map<String, Tensor> random(ScalarType type) {
        Map<String, Tensor> made = new LinkedHashMap<>();
        SmallModels.VISION.random(type).forEach((name, tensor) -> made.put("image." + name, tensor));
        SmallModels.TEXT.random(type).forEach((name, tensor) -> {
            // Its tied output would be the features; five of them are taken.
            made.put("text." + name, tensor);
        });
        for (String name : new String[] {"scale", "bias"}) {
            Tensor one = torch.randn(new long[] {}).to(type).detach();
            one.set_requires_grad(true);
            made.put(name, one);
        }
        return made;
    }

    ContrastiveBatch batch(Layers layers) {
        Tensor image = SmallModels.VISION.logits(new Prefixed("image.", layers), images);
        Tensor text =
                SmallModels.TEXT.logits(new Prefixed("text.", layers), words).narrow(1, 0, 5);
        Tensor scale = layers.scalar("scale").exp();
        return kind == Kind.SOFTMAX
                ? ContrastiveBatch.clip(image, text, scale)
                : ContrastiveBatch.siglip(image, text, scale, layers.scalar("bias"));
    }

    List<String> used() {
        return kind == Kind.SOFTMAX
                ? names.stream().filter(name -> !name.equals("bias")).toList()
                : names;
    }

    double[] losses(List<String> moved, double step) {
        try (NoGradGuard guard = new NoGradGuard()) {
            Map<String, Tensor> there = new LinkedHashMap<>(live);
            for (String name : moved) {
                Tensor from = live.get(name);
                there.put(name, from.add(reference.get(name).sub(from), new Scalar(step)));
            }
            try (Parameters own = Parameters.of(there)) {
                return Host.doubles(batch(new PlainLayers(own, false)).losses());
            }
        }
    }

    LayerScores scores(List<String> mimic, ContrastiveScore score) {
        try (RecordingLayers layers = RecordingLayers.builder(parameters)
                .mimic(mimic)
                .reference(references)
                .training(false)
                .build()) {
            layers.contrastive(score);
            return layers.score(batch(layers));
        }
    }

    @Override
    public void close() {
        parameters.close();
        references.close();
    }
}
