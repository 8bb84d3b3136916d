package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that torch exported, with the features that torch computed (make_onnx.py). */
class OnnxBackboneTest {
    @TempDir
    private Path folder;

    private static Path stored(String name) {
        try {
            return Path.of(OnnxBackboneTest.class.getResource("/onnx/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static ImageInput input(int side) {
        return new ImageInput(ImageFit.of(ImageSize.square(side)), PixelNormalisation.of(0.5, 0.25));
    }

    /** A batch of any size, one of two images at a time, and one of two outputs. */
    @ParameterizedTest
    @CsvSource({"net.onnx, ''", "two_at_a_time.onnx, ''", "outputs.onnx, features"})
    void featuresAreThoseOfTorch(String name, String output) {
        try (PointerScope scope = new PointerScope();
                Weights expected = Weights.open(stored("expected.safetensors"));
                Backbone backbone = Models.openBackbone(stored(name), input(16), output)) {
            assertThat(backbone.width()).isEqualTo(12);
            Tensor features = backbone.features(expected.tensor("images"));
            assertThat(Tensors.shape(features)).isEqualTo("[5, 12]");
            float[] ours = Tensors.floats(features);
            float[] theirs = Tensors.floats(expected.tensor("features"));
            double largest = 0;
            for (float value : theirs) largest = Math.max(largest, Math.abs(value));
            for (int i = 0; i < ours.length; i++)
                assertThat((double) ours[i]).isCloseTo(theirs[i], within(1e-5 * largest));
            // One image alone.
            float[] first =
                    Tensors.floats(backbone.features(expected.tensor("images").narrow(0, 0, 1)));
            for (int i = 0; i < 12; i++) assertThat((double) first[i]).isCloseTo(theirs[i], within(1e-5 * largest));
        }
    }

    @Test
    void whatDoesNotFitIsNamed() throws IOException {
        assertRefused(stored("net.onnx"), 32, "", "takes images [any, 3, 16, 16], not of 32x32");
        assertRefused(
                stored("outputs.onnx"),
                16,
                "",
                "has several outputs; name one of chances FLOAT [any, 12], features FLOAT [any, 12]");
        assertRefused(stored("outputs.onnx"), 16, "logits", "has no output logits; name one of chances");
        byte[] whole = Files.readAllBytes(stored("net.onnx"));
        Path half = Files.write(folder.resolve("half.onnx"), Arrays.copyOf(whole, whole.length / 2));
        assertRefused(half, 16, "", "ONNX Runtime cannot load it: ");
        assertRefused(folder.resolve("absent.onnx"), 16, "", "there is no such file");
    }

    private static void assertRefused(Path file, int side, String output, String message) {
        assertThatThrownBy(() -> Models.openBackbone(file, input(side), output).close())
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message)
                .hasMessageMatching("[^\\n]*");
    }

    @Test
    void aClosedOneIsRefused() {
        Backbone backbone = Models.openBackbone(stored("net.onnx"), input(16));
        backbone.close();
        backbone.close();
        try (PointerScope scope = new PointerScope();
                Weights expected = Weights.open(stored("expected.safetensors"))) {
            assertThatThrownBy(() -> backbone.features(expected.tensor("images")))
                    .isInstanceOf(InvalidStateException.class);
        }
    }
}
