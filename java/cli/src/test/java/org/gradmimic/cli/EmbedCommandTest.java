package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.FeatureDataset;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.Split;
import org.gradmimic.model.ConvBackbone;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbedCommandTest {
    private static final String TINY = "drawn:classes=4,train=30,test=10";

    @TempDir
    private Path folder;

    /** A module that returns each channel's mean. */
    private Path script() {
        Path file = folder.resolve("means.pt");
        try (PointerScope scope = new PointerScope()) {
            JitModule module = new JitModule(new QualifiedName("__torch__.Means"));
            module.define("def forward(self, x):\n    return torch.mean(x, [2, 3])\n");
            module.save(file.toString());
        }
        return file;
    }

    @Test
    void embedsByTorchScript() {
        Path out = folder.resolve("features");
        Run run = embed(script(), out, "--split", "test", "--size", "40", "--mean", "0", "--std", "1");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains(out.toString(), "10 images, 3 each");
        try (FeatureDataset read = (FeatureDataset) Datasets.open("npy:" + out)) {
            assertThat(read.labels()).isEqualTo(Datasets.openImages(TINY).labels(Split.TEST));
            float[] plain = read.features().readFloats();
            for (float mean : plain) assertThat(mean).isBetween(0f, 1f);
            Path each = folder.resolve("each");
            run = embed(script(), each, "--split", "test", "--size", "40", "--mean", "0.5,0.25,0", "--std", "1,2,4");
            assertThat(run.code()).as(run.err()).isZero();
            try (FeatureDataset normalised = (FeatureDataset) Datasets.open("npy:" + each)) {
                float[] found = normalised.features().readFloats();
                float[] mean = {0.5f, 0.25f, 0};
                float[] std = {1, 2, 4};
                // Means over 1600 pixels of size 1 in float.
                for (int i = 0; i < found.length; i++) {
                    assertThat(found[i]).isCloseTo((plain[i] - mean[i % 3]) / std[i % 3], within(1e-5f));
                }
            }
        }
    }

    @Test
    void embedsByTheDemosBackbone() {
        Path model = folder.resolve("backbone.safetensors");
        try (ConvBackbone backbone = ConvBackbone.random(ImageSize.square(32), 1)) {
            backbone.save(model);
        }
        Path out = folder.resolve("features");
        Run run = embed(model, out, "--batch-size", "7");
        assertThat(run.code()).as(run.err()).isZero();
        try (FeatureDataset read = (FeatureDataset) Datasets.open("npy:" + out)) {
            read.features().requireShape(30, 768);
            for (float value : read.features().readFloats()) assertThat(value).isFinite();
        }
    }

    @Test
    void whatCannotBeUsedIsNamedAndNothingIsLost() throws Exception {
        Path out = folder.resolve("features");
        Path text = Files.writeString(folder.resolve("model.txt"), "Neither of the two, but a text.");
        assertError(embed(text, out), text.toString());
        Path damaged = script();
        byte[] whole = Files.readAllBytes(damaged);
        Files.write(damaged, Arrays.copyOf(whole, whole.length / 2));
        assertError(embed(damaged, out), damaged.toString());
        assertError(embed(folder.resolve("absent"), out), "no such file");
        assertError(embed(script(), out, "--batch-size", "0"), "--batch-size is 0");
        assertError(embed(script(), out, "--std", "0"), "--std is 0");
        assertError(embed(script(), out, "--mean", "0.5,0.4"), "--mean has 2 numbers");
        assertError(embed(script(), out, "--size", "0"), "--size is 0");
        assertThat(out).doesNotExist();
        Files.createDirectory(out);
        Files.writeString(out.resolve("features.npy"), "dear");
        assertError(embed(script(), out), "not empty");
        assertThat(out.resolve("features.npy")).hasContent("dear");
    }

    private static void assertError(Run run, String message) {
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).startsWith("gradmimic embed: ").contains(message);
    }

    private static Run embed(Path model, Path out, String... more) {
        String[] args = Arrays.copyOf(
                new String[] {"embed", "--data", TINY, "--model", model.toString(), "--out", out.toString()},
                7 + more.length);
        System.arraycopy(more, 0, args, 7, more.length);
        return Run.main(args);
    }
}
