package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TorchScriptBackboneTest {
    private static final ImageSize SIZE = ImageSize.square(20);

    @TempDir
    private Path folder;

    private Path script(String expression) {
        Path file = folder.resolve("tiny.bin");
        TinyScript.save(file, expression);
        return file;
    }

    private static Stream<PixelNormalisation> normalisations() {
        return Stream.of(
                PixelNormalisation.of(0.5, 0.25),
                new PixelNormalisation(List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225)));
    }

    @ParameterizedTest
    @MethodSource("normalisations")
    void featuresAreTheScripts(PixelNormalisation normalisation) {
        ImageBatch images = ConvBackboneTest.drawn(5);
        try (PointerScope scope = new PointerScope();
                Backbone model = Models.openBackbone(
                        script(TinyScript.MEANS), new ImageInput(ImageFit.of(SIZE), normalisation))) {
            assertThat(model).isInstanceOf(TorchScriptBackbone.class);
            assertThat(model.width()).isEqualTo(2);
            float[] features = Tensors.floats(model.features(ImageTensors.view(images.pixels(), 5, SIZE)));
            for (int n = 0; n < 5; n++) {
                double[] mean = new double[3];
                for (int i = 0; i < 1200; i++) {
                    double pixel = (images.pixels().get(n * 1200 + i) & 0xff) / 255.0;
                    double std = normalisation.std().get(i % 3);
                    mean[i % 3] += (pixel - normalisation.mean().get(i % 3)) / std / 400;
                }
                for (int d = 0; d < 2; d++) {
                    double expected = 0;
                    for (int c = 0; c < 3; c++) expected += mean[c] * TinyScript.WEIGHT[d * 3 + c];
                    // Means of 400 numbers of size 2 in float32.
                    assertThat(features[n * 2 + d]).isCloseTo((float) expected, within(1e-4f));
                }
            }
        }
    }

    @Test
    void aNormalisationThatDoesNotNormaliseIsRefused() {
        List<Double> one = List.of(1.0);
        assertThatThrownBy(() -> PixelNormalisation.of(0, 0)).hasMessage("std is 0.0; it must be positive");
        assertThatThrownBy(() -> new PixelNormalisation(one, List.of(1.0, -2.0, 1.0)))
                .hasMessageContaining("std is -2");
        assertThatThrownBy(() -> PixelNormalisation.of(Double.NaN, 1)).hasMessageContaining("mean is NaN");
        assertThatThrownBy(() -> PixelNormalisation.of(0, Double.POSITIVE_INFINITY))
                .hasMessageContaining("std is Inf");
        assertThatThrownBy(() -> new PixelNormalisation(List.of(0.0, 1.0), one))
                .hasMessageContaining("mean has 2 numbers");
    }

    @Test
    void scriptsThatDoNotEmbedAreRefused() {
        assertRefused(script("torch.mean(x)"), "expected floating-point features [2, D]");
        assertRefused(script("x"), "[2, 3, 20, 20]");
        assertRefused(script("(x, x)"), "returned a Tuple");
        assertRefused(script("torch.matmul(x, torch.zeros([7, 7]))"), "failed on 2 images [2, 3, 20, 20]");
    }

    @Test
    void damagedFilesAreRefused() throws IOException {
        Path file = script(TinyScript.MEANS);
        byte[] whole = Files.readAllBytes(file);
        for (int length : new int[] {4, 100, whole.length / 2, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertRefused(file, "cannot load it as TorchScript");
        }
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> Models.openBackbone(
                                file, new ImageInput(ImageFit.of(SIZE), PixelNormalisation.of(0, 1)))
                        .close())
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }
}
