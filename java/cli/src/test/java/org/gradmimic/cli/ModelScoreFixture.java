package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.model.Safetensors;
import org.gradmimic.model.Weights;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A command line of {@code gradmimic score model} that works, to be changed and run. */
abstract class ModelScoreFixture {
    @TempDir
    Path folder;

    /** A reference beside the first; null for none. */
    @Nullable
    Path second;

    final Map<String, String> options = new LinkedHashMap<>();

    @BeforeEach
    void make() {
        with("quiet", "").with("model", "vit").with("model-config", Vectors.path("vit/config.json"));
        with("weights", Vectors.path("vit/model.safetensors"))
                .with("reference", Vectors.path("vit/reference.safetensors"));
        with("images", Vectors.path("vit/images.npy")).with("labels", Vectors.path("vit/labels.npy"));
        with("mimic-layer", "heads.head.weight").with("out", folder.resolve("scores.npy"));
    }

    ModelScoreFixture with(String option, Object value) {
        options.put(option, value.toString());
        return this;
    }

    Run run() {
        List<String> arguments = new ArrayList<>(List.of("score", "model"));
        options.forEach((option, value) -> {
            arguments.add("--" + option);
            if (!value.isEmpty()) arguments.add(value);
            // A second reference stands in the same list.
            if (option.equals("reference") && second != null)
                arguments.addAll(List.of("--reference", second.toString()));
        });
        return Run.main(arguments.toArray(String[]::new));
    }

    float[] scores() {
        Run run = run();
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return Vectors.floats(folder.resolve("scores.npy"));
    }

    void assertRefused(String... parts) throws IOException {
        List<Path> before = content();
        run().assertRefused("score model", parts);
        assertThat(content()).isEqualTo(before);
    }

    private List<Path> content() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.sorted().toList();
        }
    }

    /** Changes a file of weights. */
    Path changed(String name, Consumer<Map<String, Tensor>> change) {
        Path file = folder.resolve(name);
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(Vectors.path("vit/model.safetensors"))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            weights.names().forEach(tensor -> tensors.put(tensor, weights.tensor(tensor)));
            change.accept(tensors);
            Safetensors.write(file, Map.of(), tensors);
        }
        return file;
    }
}
