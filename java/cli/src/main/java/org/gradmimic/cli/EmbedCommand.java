package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.base.InputException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.Json;
import org.gradmimic.io.run.FolderLock;
import org.gradmimic.io.run.RunFolder;
import org.gradmimic.model.Backbone;
import org.gradmimic.model.EmbedListener;
import org.gradmimic.model.Embedder;
import org.gradmimic.model.ModelBackbone;
import org.gradmimic.model.caption.ClipTokenizer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Computes features of images. */
@Command(
        name = "embed",
        sortOptions = false,
        description = "Embeds images with a ViT, ResNet or CLIP, a TorchScript or ONNX file, or the demo's backbone:"
                + " features.npy [N,D] and labels.npy [N], in the order of the sample ids, with their paths in"
                + " samples.parquet and the classes in classes.txt. With --captions, embeds captions.",
        footer = {
            "",
            "Features are those before the head of a classifier, and CLIP's projected features, not scaled to length 1."
                    + " A TorchScript or ONNX file takes float [n,3,H,W], normalised by --mean and --std, and returns [n,D]."
                    + " The demo's backbone has its own size and normalisation."
        })
final class EmbedCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Mixin
    private ImageOptions imageOptions;

    @Mixin
    private BackboneOptions backboneOptions;

    @Mixin
    private CaptionOptions captionOptions;

    @Option(names = "--data", paramLabel = "SPEC", description = "Images: " + Datasets.SYNTAX + ".")
    private @Nullable String data;

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

    @Override
    public Integer call() {
        requirePositive("--batch-size", batchSize);
        boolean captions = captionOptions.given();
        if (captions == (data != null)) {
            throw new InputException("give either --data with images, or --captions for CLIP's text tower");
        }
        common.applyThreads();
        if (data == null) embedCaptions();
        else embedImages(data);
        return 0;
    }

    private void embedImages(String spec) {
        ImageDataset dataset = imageOptions.open(spec, common);
        if (!dataset.splits().contains(split)) {
            throw new InputException(spec + " has no " + split + " split; it has " + dataset.splits());
        }
        try (PointerScope scope = new PointerScope();
                BackboneOptions.Opened opened = backboneOptions.open(common, deviceOption)) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("data", spec);
            facts.put("split", split.toString());
            facts.put("samples", dataset.size(split));
            facts.putAll(opened.facts());
            try (FolderLock lock = RunFolder.lockEmpty(out)) {
                long started = System.nanoTime();
                embed(dataset, opened.backbone());
                record(facts, started);
            }
            imageOptions.noteWarnings(common);
            common.out()
                    .println(out + ": features of " + dataset.size(split) + " images, "
                            + opened.backbone().width() + " each");
        }
    }

    private void embedCaptions() {
        List<String> captions = captionOptions.read();
        try (PointerScope scope = new PointerScope();
                BackboneOptions.Opened opened = backboneOptions.open(common, deviceOption);
                ClipTokenizer tokenizer = captionOptions.tokenizer(opened.model())) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("captions", captionOptions.file());
            facts.put("samples", captions.size());
            facts.putAll(opened.facts());
            try (FolderLock lock = RunFolder.lockEmpty(out);
                    Progress progress = common.progress("embedding", "captions", captions.size())) {
                long started = System.nanoTime();
                Embedder.writeCaptions(
                        (ModelBackbone) opened.backbone(),
                        tokenizer::tokens,
                        captions,
                        batchSize,
                        out,
                        shown(progress));
                record(facts, started);
            }
            common.out()
                    .println(out + ": features of " + captions.size() + " captions, "
                            + opened.backbone().width() + " each");
        }
    }

    private void record(Map<String, Object> facts, long started) {
        facts.put("batch_size", batchSize);
        facts.put("seconds", (System.nanoTime() - started) / 1e9);
        AtomicFile.write(out.resolve("metrics.json"), Json.pretty(facts));
    }

    private static void requirePositive(String option, int value) {
        if (value < 1) throw new InputException(option + " is " + value + "; it must be positive");
    }

    private void embed(ImageDataset dataset, Backbone backbone) {
        try (Progress progress = common.progress("embedding", "images", dataset.size(split))) {
            new Embedder(backbone, batchSize).write(dataset, split, out, shown(progress));
        }
    }

    private static EmbedListener shown(Progress progress) {
        return new EmbedListener() {
            private long before;

            @Override
            public void embedded(long samples, long total) {
                progress.step(samples - before);
                before = samples;
            }
        };
    }
}
