package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.Split;
import org.gradmimic.model.EmbedListener;
import org.gradmimic.model.Embedder;
import org.gradmimic.model.FeatureModel;
import org.gradmimic.model.FeatureModels;
import org.gradmimic.select.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Turns pictures into features. */
@Command(
        name = "embed",
        sortOptions = false,
        description =
                "Runs pictures through a backbone and writes features.npy, float32 [N,D], and labels.npy, int64 [N],"
                        + " in the order of the data set.",
        footer = {
            "",
            "A TorchScript file is a program: take only those you trust. It gets float pictures [n,3,H,W] and must"
                    + " return features [n,D]."
        })
final class EmbedCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "SPEC",
            description = "Pictures: images:DIR_OR_TAR, cifar10:DIR, cifar100:DIR, idx:DIR or drawn:.")
    private String data;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "FILE",
            description = "A TorchScript file, or the demo's backbone.safetensors.")
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
            defaultValue = "64",
            description = "Pictures that go through the backbone at once (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(
            names = "--size",
            paramLabel = "PIXELS",
            defaultValue = "224",
            description = "Sides pictures are scaled to for TorchScript (default: ${DEFAULT-VALUE}).")
    private int size;

    @Option(
            names = "--mean",
            paramLabel = "X",
            defaultValue = "0.5",
            description = "Subtracted from pixels in [0,1] for TorchScript (default: ${DEFAULT-VALUE}).")
    private double mean;

    @Option(
            names = "--std",
            paramLabel = "X",
            defaultValue = "0.5",
            description = "Divides them then (default: ${DEFAULT-VALUE}).")
    private double std;

    @Override
    public Integer call() {
        common.applyThreads();
        ImageDataset dataset = Datasets.openImages(data);
        int pictures = dataset.size(split);
        try (FeatureModel backbone = open()) {
            Embedder embedder = new Embedder(backbone, batchSize);
            RunFolder.create(out);
            try (Progress progress = common.progress("embedding", "pictures", pictures)) {
                embedder.write(dataset, split, out, new EmbedListener() {
                    private long shown;

                    @Override
                    public void embedded(long done, long total) {
                        progress.step(done - shown);
                        shown = done;
                    }
                });
            }
            common.out()
                    .println(out + ": " + Embedder.FEATURES + " [" + pictures + ", " + backbone.width() + "], "
                            + Embedder.LABELS);
        }
        return 0;
    }

    private FeatureModel open() {
        try {
            if (batchSize < 1)
                throw new IllegalArgumentException("the batch size is " + batchSize + "; it must be positive");
            return FeatureModels.open(model, ImageSize.square(size), mean, std);
        } catch (IllegalArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }
}
