package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
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
    void unusableFilesAreNamedAndNothingIsOverwritten() throws Exception {
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

    @Test
    void anImageOfMorePixelsThanTheLimitIsRefused() throws Exception {
        Path image = folder.resolve("images/a/1.png");
        Files.createDirectories(image.getParent());
        // The header of a PNG of 32,000 x 32,000 pixels.
        Files.write(image, HexFormat.of().parseHex("89504e470d0a1a0a0000000d4948445200007d0000007d000100000000"));
        String[] data = {"--data", "images:" + folder.resolve("images")};
        Path out = folder.resolve("features");
        assertError(embed(script(), out, data), image + ": has 32000x32000 pixels, more than the limit of 178956970");
        assertError(embed(script(), out, data[0], data[1], "--max-pixels", "99"), "more than the limit of 99 pixels");
        assertError(embed(script(), out, "--max-pixels", "0"), "--max-pixels is 0; it must be positive");
    }

    @Test
    void classesAndOddFilesOfAFolderArePrinted() throws Exception {
        // A PNG of one pixel with a colour profile that is cut short.
        byte[] image = HexFormat.of()
                .parseHex("89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000669434350700000"
                        + "0102030c7f00790000000a49444154789c63600700000900082023c38c0000000049454e44ae426082");
        for (String name : List.of("cat/1.png", "cat/2.png", "dog/1.png", "dog/Thumbs.db")) {
            Path file = folder.resolve("images").resolve(name);
            Files.createDirectories(file.getParent());
            Files.write(file, image);
        }
        String data = "images:" + folder.resolve("images");
        Run run = embed(script(), folder.resolve("features"), "--data", data);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains("train: 2 classes: cat 2, dog 1\n")
                .contains(data + ": skipped 1 hidden and system files, such as dog/Thumbs.db\n")
                .contains("3 images were decoded with a warning:\n  " + folder.resolve("images/cat/1.png")
                        + ": libpng warning: iCCP: too short\n");
        for (int i = 3; i < 203; i++) Files.write(folder.resolve("images/cat/" + i + ".png"), image);
        run = embed(script(), folder.resolve("more"), "--data", data);
        assertThat(run.err())
                .contains("train: class dog has 1 images and class cat has 202; is each of these folders a class?\n")
                .contains("  and 193 more\n");
    }

    private static void assertError(Run run, String message) {
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).containsPattern("(?m)^gradmimic embed: ").contains(message);
    }

    private static Run embed(Path model, Path out, String... more) {
        List<String> args = new ArrayList<>(List.of("embed", "--model", model.toString(), "--out", out.toString()));
        args.addAll(List.of(more));
        if (!args.contains("--data")) args.addAll(List.of("--data", TINY));
        return Run.main(args.toArray(String[]::new));
    }
}
