package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.base.InputException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.Split;
import org.gradmimic.device.Device;
import org.gradmimic.io.run.FolderLock;
import org.gradmimic.io.run.RunFolder;
import org.gradmimic.model.Backbone;
import org.gradmimic.model.EmbedListener;
import org.gradmimic.model.Embedder;
import org.gradmimic.model.Models;
import org.gradmimic.model.PixelNormalisation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Computes features of images. */
@Command(
        name = "embed",
        sortOptions = false,
        description = "Embeds images with a TorchScript model or the demo's backbone: features.npy [N,D] and labels.npy"
                + " [N], in the order of the sample ids, with their paths in samples.parquet and the classes in"
                + " classes.txt.",
        footer = {
            "",
            "A TorchScript model takes float [n,3,H,W], normalised by --mean and --std, and returns [n,D]. The"
                    + " demo's backbone has its own size and normalisation."
        })
final class EmbedCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Mixin
    private ImageOptions imageOptions;

    @Option(names = "--data", required = true, paramLabel = "SPEC", description = "Images: " + Datasets.SYNTAX + ".")
    private String data;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "FILE",
            description = "A TorchScript model, or backbone.safetensors of a demo.")
    private Path model;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Output folder; new or empty.")
    private Path out;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            defaultValue = "train",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Split split;

    @Option(
            names = "--batch-size",
            paramLabel = "B",
            defaultValue = "256",
            description = "Images per batch (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(
            names = "--size",
            paramLabel = "PIXELS",
            defaultValue = "224",
            description = "Height and width that a TorchScript model expects (default: ${DEFAULT-VALUE}).")
    private int size;

    @Option(
            names = "--mean",
            paramLabel = "X[,X,X]",
            split = ",",
            defaultValue = "0.5",
            description = "Mean, subtracted from pixels in [0,1]: one number, or one each for red, green and blue"
                    + ", for TorchScript (default: ${DEFAULT-VALUE}).")
    private List<Double> mean;

    @Option(
            names = "--std",
            paramLabel = "X[,X,X]",
            split = ",",
            defaultValue = "0.5",
            description = "Standard deviation, by which pixels are then divided (default: ${DEFAULT-VALUE}).")
    private List<Double> std;

    @Override
    public Integer call() {
        requirePositive("--batch-size", batchSize);
        requirePositive("--size", size);
        PixelNormalisation normalisation = Arguments.normalisation(mean, std);
        common.applyThreads();
        ImageDataset dataset = imageOptions.open(data, common);
        if (!dataset.splits().contains(split)) {
            throw new InputException(data + " has no " + split + " split; it has " + dataset.splits());
        }
        Device device = deviceOption.choose(common);
        try (PointerScope scope = new PointerScope();
                Backbone backbone = Models.openBackbone(model, ImageSize.square(size), normalisation)) {
            backbone.moveTo(device);
            try (FolderLock lock = RunFolder.lockEmpty(out)) {
                embed(dataset, backbone);
            }
            imageOptions.noteWarnings(common);
            common.out()
                    .println(out + ": features of " + dataset.size(split) + " images, " + backbone.width() + " each");
        }
        return 0;
    }

    private static void requirePositive(String option, int value) {
        if (value < 1) throw new InputException(option + " is " + value + "; it must be positive");
    }

    private void embed(ImageDataset dataset, Backbone backbone) {
        try (Progress progress = common.progress("embedding", "images", dataset.size(split))) {
            EmbedListener watcher = new EmbedListener() {
                private long before;

                @Override
                public void embedded(long images, long total) {
                    progress.step(images - before);
                    before = images;
                }
            };
            new Embedder(backbone, batchSize).write(dataset, split, out, watcher);
        }
    }
}
