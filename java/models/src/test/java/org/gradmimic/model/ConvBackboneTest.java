package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.Split;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvBackboneTest {
    private static final ImageSize SIZE = ImageSize.square(20);

    @TempDir
    private Path folder;

    static ImageBatch drawn(int count) {
        ImageDataset dataset = Datasets.openImages("drawn:classes=4,train=" + count + ",test=0");
        return dataset.load(Split.TRAIN, SIZE, LongStream.range(0, count).toArray());
    }

    private static float[] features(Backbone model, ImageBatch images) {
        try (PointerScope scope = new PointerScope()) {
            return Tensors.floats(model.features(ImageTensors.view(images.pixels(), images.size(), SIZE)));
        }
    }

    @Test
    void aStoredBackboneIsTheSame() {
        ImageBatch images = drawn(40);
        Path file = folder.resolve("backbone.safetensors");
        try (ConvBackbone backbone = ConvBackbone.random(SIZE, 1)) {
            // Trained for a step, so that the running statistics are stored too.
            train(backbone, images, 1, 2);
            backbone.save(file);
            try (ConvBackbone loaded = ConvBackbone.load(file);
                    Backbone opened = Models.openBackbone(
                            file, new ImageInput(ImageFit.of(ImageSize.square(99)), PixelNormalisation.of(0, 1)))) {
                assertThat(loaded.imageSize()).isEqualTo(SIZE);
                assertThat(features(loaded, images)).isEqualTo(features(backbone, images));
                assertThat(features(opened, images)).isEqualTo(features(backbone, images));
            }
        }
    }

    @Test
    void anImagesFeaturesDoNotDependOnItsBatch() {
        ImageBatch images = drawn(7);
        try (ConvBackbone backbone = ConvBackbone.random(SIZE, 1)) {
            float[] together = features(backbone, images);
            for (int i = 0; i < images.size(); i++) {
                ImageBatch alone = new ImageBatch(
                        images.pixels().slice(i * SIZE.rgbBytes(), SIZE.rgbBytes()),
                        new long[] {images.labels()[i]},
                        new long[] {i});
                float[] expected = Arrays.copyOfRange(together, i * backbone.width(), (i + 1) * backbone.width());
                float[] actual = features(backbone, alone);
                // Other batch sizes may take other convolution kernels: float32 sums of up to 864 products.
                for (int d = 0; d < expected.length; d++) assertThat(actual[d]).isCloseTo(expected[d], within(1e-4f));
            }
        }
    }

    @Test
    void pixelsAreNormalisedInPlace() {
        ImageBatch images = drawn(3);
        try (PointerScope scope = new PointerScope()) {
            Tensor normalised = PixelNormalisation.of(0.25, 0.5).of(ImageTensors.view(images.pixels(), 3, SIZE));
            Tensors.requireShape("normalised", normalised, 3, 3, 20, 20);
            float[] values = Tensors.floats(normalised);
            for (int n = 0, at = 0; n < 3; n++) {
                for (int c = 0; c < 3; c++) {
                    for (int place = 0; place < 400; place++, at++) {
                        int pixel = images.pixels().get((n * 400 + place) * 3 + c) & 0xff;
                        // A rounding of each of the two float32 operations.
                        assertThat(values[at]).isCloseTo((float) ((pixel / 255.0 - 0.25) / 0.5), within(1e-6f));
                    }
                }
            }
        }
    }

    @Test
    void theSameSeedGivesTheSameWeights() {
        int threads = torch.get_num_threads();
        torch.set_num_threads(1); // Sums over a batch that threads share may be in another order.
        try (ConvBackbone one = ConvBackbone.random(SIZE, 5);
                ConvBackbone two = ConvBackbone.random(SIZE, 5);
                ConvBackbone other = ConvBackbone.random(SIZE, 6)) {
            ImageBatch images = drawn(50);
            assertThat(train(one, images, 3, 7)).isTrue();
            train(two, images, 3, 7);
            assertThat(features(one, images)).isEqualTo(features(two, images));
            assertThat(features(one, images)).isNotEqualTo(features(other, images));
        } finally {
            torch.set_num_threads(threads);
        }
    }

    @Test
    void trainingLearns() {
        List<Double> losses = new ArrayList<>();
        try (ConvBackbone backbone = ConvBackbone.random(SIZE, 1)) {
            BackboneTrainerSettings settings = BackboneTrainerSettings.builder()
                    .epochs(12)
                    .batchSize(32)
                    .learningRate(0.05)
                    .labelSmoothing(0)
                    .shift(1)
                    .flips(false)
                    .seed(1)
                    .build();
            ImageBatch images = drawn(320);
            new BackboneTrainer(backbone, settings, new BackboneTrainerListener() {
                        @Override
                        public void stepped(long steps, long totalSteps, double loss) {
                            assertThat(totalSteps).isEqualTo(120);
                            losses.add(loss);
                        }
                    })
                    .train(images, 4);
        }
        assertThat(losses).hasSize(120);
        double end =
                losses.subList(110, 120).stream().mapToDouble(x -> x).average().orElseThrow();
        // Guessing among four classes costs ln 4 = 1.39.
        assertThat(end).isLessThan(0.5);
    }

    @Test
    void trainingStopsWhenAsked() {
        int[] asked = {0};
        try (ConvBackbone backbone = ConvBackbone.random(SIZE, 1)) {
            boolean whole = new BackboneTrainer(
                            backbone,
                            BackboneTrainerSettings.builder()
                                    .epochs(5)
                                    .flips(false)
                                    .seed(1)
                                    .build(),
                            new BackboneTrainerListener() {
                                @Override
                                public boolean stopRequested() {
                                    return ++asked[0] > 2;
                                }
                            })
                    .train(drawn(20), 4);
            assertThat(whole).isFalse();
        }
        assertThat(asked[0]).isEqualTo(3);
    }

    @Test
    void foreignAndDamagedFilesAreRefused() throws IOException {
        Path file = folder.resolve("backbone.safetensors");
        try (PointerScope scope = new PointerScope();
                ConvBackbone backbone = ConvBackbone.random(SIZE, 1)) {
            Safetensors.write(file, Map.of(), Map.of("weight", Tensors.of(new float[] {1}, 1)));
            assertRefused(file, "not those of a gradmimic backbone");
            Map<String, String> mine = Map.of("format", ConvBackbone.FORMAT, "input_size", "20x20");
            Safetensors.write(file, mine, Map.of("weight", Tensors.of(new float[] {1}, 1)));
            assertRefused(file, "no tensor 'stage1.conv.weight'");
            Safetensors.write(file, Map.of("format", ConvBackbone.FORMAT, "input_size", "8x99999"), Map.of());
            assertRefused(file, "expected HEIGHTxWIDTH");
            backbone.save(file);
        }
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length - 1));
        assertRefused(file, "truncated");
        Files.writeString(file, "PK");
        assertRefused(file, "too few for a header");
        assertRefused(folder.resolve("absent"), "no such file");
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> Models.openBackbone(
                                file, new ImageInput(ImageFit.of(SIZE), PixelNormalisation.of(0, 1)))
                        .close())
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }

    @Test
    void wrongImagesAreRefused() {
        try (PointerScope scope = new PointerScope();
                ConvBackbone backbone = ConvBackbone.random(SIZE, 1)) {
            assertThatThrownBy(() -> backbone.features(Tensors.empty(1, 20, 20, 3)))
                    .hasMessageContaining("expected Byte");
            assertThatThrownBy(() -> backbone.features(torch.zeros(1, 21, 20, 3).to(torch.ScalarType.Byte)))
                    .hasMessageContaining("images has the shape [1, 21, 20, 3], expected [1, 20, 20, 3]");
        }
        assertThatThrownBy(() -> ConvBackbone.random(new ImageSize(15, 32), 1)).hasMessageContaining("15x32");
    }

    private static boolean train(ConvBackbone backbone, ImageBatch images, int epochs, long seed) {
        return new BackboneTrainer(
                        backbone,
                        BackboneTrainerSettings.builder()
                                .epochs(epochs)
                                .seed(seed)
                                .build(),
                        new BackboneTrainerListener() {})
                .train(images, 4);
    }
}
