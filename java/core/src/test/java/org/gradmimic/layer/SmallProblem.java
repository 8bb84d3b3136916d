package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Device;
import org.gradmimic.device.TestDevice;
import org.gradmimic.layer.SmallModels.Twin;

/** A small model, its reference and a batch, all random, and the gradients of every sample. */
final class SmallProblem implements AutoCloseable {
    final SmallModels model;
    final Map<String, Tensor> live;
    final Map<String, Tensor> reference;
    final Parameters parameters;
    final Parameters references;
    final Tensor x;
    final Tensor labels;
    final Twin twin;

    SmallProblem(SmallModels model, ScalarType type, int rows) {
        this.model = model;
        torch.manual_seed(17L + rows);
        live = model.random(type);
        reference = model.random(type);
        parameters = Parameters.of(live);
        references = Parameters.of(reference);
        Tensor made = model.input(rows);
        x = made.is_floating_point() ? made.to(type) : made;
        labels = SmallModels.labels(rows);
        twin = new Twin(model, live, x, labels);
    }

    List<String> trained() {
        return new ArrayList<>(twin.gradients.keySet());
    }

    RecordingLayers layers(List<String> mimic) {
        return layers(Device.CPU, mimic);
    }

    RecordingLayers layers(Device device, List<String> mimic) {
        return TestDevice.on(
                device,
                () -> RecordingLayers.builder(parameters)
                        .mimic(mimic)
                        .reference(references)
                        .training(false)
                        .build());
    }

    Tensor losses(Layers layers) {
        return model.losses(layers, x, labels);
    }

    void forgetGradients() {
        for (String name : trained()) live.get(name).mutable_grad().put(new Tensor());
    }

    @Override
    public void close() {
        parameters.close();
        references.close();
    }
}
