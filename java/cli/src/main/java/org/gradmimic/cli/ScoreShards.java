package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.gradmimic.CpuThreads;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.device.Device;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.model.Models;
import org.gradmimic.model.PixelNormalisation;
import org.gradmimic.reshard.Shard;
import org.gradmimic.score.ScoreSettings;
import org.gradmimic.score.ShardRun;
import org.gradmimic.score.ShardScorer;
import org.gradmimic.score.ShardScoring;
import org.gradmimic.score.ShardSettings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** {@code score model} of the image–caption pairs in WebDataset shards. */
final class ScoreShards {
    /** What {@code --data} begins with. */
    static final String PREFIX = "webdataset:";

    private final CommandSpec spec;
    private final CommonOptions common;
    private final ScoreModelOptions options;
    private final ImageOptions imageOptions;
    private final ShardOptions shardOptions;

    ScoreShards(
            CommandSpec spec,
            CommonOptions common,
            ScoreModelOptions options,
            ImageOptions imageOptions,
            ShardOptions shardOptions) {
        this.spec = spec;
        this.common = common;
        this.options = options;
        this.imageOptions = imageOptions;
        this.shardOptions = shardOptions;
    }

    /** @param data begins with {@link #PREFIX} */
    void run(String data, DeviceOption deviceOption) {
        checkOptions();
        ShardScoring scoring = scoring();
        List<Shard> shards = Shard.find(data.substring(PREFIX.length()));
        checkOutputs(scoring, shards);
        common.applyThreads();
        Device device = deviceOption.choose(common);
        ShardRun.Summary summary;
        try (ShardScorer scorer = ShardScorer.open(scoring, device, common.threads());
                ShardRun run = ShardRun.begin(
                        scoring,
                        shards,
                        options.out,
                        badList(),
                        device.toString(),
                        CpuThreads.libTorch(),
                        shardOptions.overwrite)) {
            scorer.notes().forEach(common::note);
            score(shards, scorer, run);
            summary = run.finish();
            ImageOptions.noteWarnings(scorer.warnings(), common);
        }
        report(scoring, summary);
    }

    private void score(List<Shard> shards, ShardScorer scorer, ShardRun run) {
        List<Integer> missing = run.missing();
        int before = shards.size() - missing.size();
        int[] done = {before};
        long[] pairs = {0};
        if (before > 0) common.note(before + " of " + shards.size() + " shards were done before");
        Interruption.kept(() -> options.out + ": " + done[0] + " of " + shards.size()
                + " shards; the same command continues with the others");
        try (Progress progress = common.progress("scoring", "shards", missing.size())) {
            for (int shard : missing) {
                scorer.score(shards.get(shard), shard, run.parts(), count -> {
                    pairs[0] += count;
                    progress.say(pairs[0] + " pairs");
                });
                done[0]++;
                progress.step(1);
            }
        }
    }

    private void checkOptions() {
        if (options.kind != Models.Kind.CLIP) {
            throw new InputException("--data " + PREFIX + "... has images with captions, which only clip scores; "
                    + options.kind + " takes labelled images");
        }
        for (String option : List.of("--images", "--labels", "--tokens", "--captions")) {
            if (ScoreOptions.given(spec, option)) {
                throw new InputException(
                        "--data " + PREFIX + "... has the images and their captions; leave out " + option);
            }
        }
        for (String option : List.of("--losses", "--grad-norms", "--allow-head-mismatch")) {
            if (ScoreOptions.given(spec, option)) {
                throw new InputException(option + " is not for --data " + PREFIX + "..."
                        + (option.equals("--losses") ? "; the output has the losses" : ""));
            }
        }
        ScoreOptions.require(spec, "--vocabulary");
        ScoreOptions.noteIgnored(spec, common, PREFIX, "--split", "--seed", "--lambda");
    }

    private ShardScoring scoring() {
        SettingValues values = SettingOptions.values(spec, ScoreSettings.GROUP);
        SettingValues own = SettingOptions.values(spec, ShardSettings.GROUP);
        Weighting.Kind kind = values.get(ScoreSettings.SCORE);
        if (kind != Weighting.Kind.PROJ && kind != Weighting.Kind.NORMED_PROJ) {
            throw new InputException(
                    kind + " cannot be computed for a contrastive loss: a single sample has no gradient;"
                            + " the output has proj (score) and normed_proj (weight)");
        }
        imageOptions.check();
        return ShardScoring.builder(options.config)
                .weights(options.weights)
                .references(options.references)
                .mimicLayer(options.mimicLayer)
                .vocabulary(Objects.requireNonNull(options.vocabulary))
                .contrastive(options.contrastive)
                .combine(options.combine)
                .normalisation(normalisation())
                .batchSize(batchSize(values))
                .temperature(values.get(ScoreSettings.TEMPERATURE))
                .maxPixels(imageOptions.maxPixels())
                .badSamples(own.get(ShardSettings.BAD_SAMPLES))
                .firstEpoch(own.get(ShardSettings.EPOCH))
                .build();
    }

    /** Null for that of the model. */
    private @Nullable PixelNormalisation normalisation() {
        boolean mean = ScoreOptions.given(spec, "--mean");
        boolean std = ScoreOptions.given(spec, "--std");
        if (mean != std) {
            throw new InputException("of --mean and --std both are needed, or none for those of the model");
        }
        return mean ? options.normalisation() : null;
    }

    private static int batchSize(SettingValues values) {
        if (!values.isGiven(ScoreSettings.BATCH_SIZE)) return ShardSettings.BATCH;
        long size = values.get(ScoreSettings.BATCH_SIZE);
        if (size >= 1 && size <= ShardSettings.LARGEST_BATCH) return (int) size;
        throw new InputException("--batch-size is " + size + "; a batch of shards has from 1 to "
                + ShardSettings.LARGEST_BATCH + " pairs");
    }

    private Path badList() {
        return shardOptions.badList == null ? ShardRun.badList(options.out) : shardOptions.badList;
    }

    private void checkOutputs(ShardScoring scoring, List<Shard> shards) {
        ShardRun.check(scoring, options.out, badList());
        List<Path> inputs = new ArrayList<>(List.of(options.inputs()));
        shards.forEach(shard -> inputs.add(shard.tar()));
        for (Path out : List.of(options.out, badList())) Arguments.requireOther(out, inputs.toArray(Path[]::new));
        Arguments.requireDifferent(List.of(options.out, badList()));
    }

    private void report(ShardScoring scoring, ShardRun.Summary summary) {
        if (summary.nonFinite() > 0) {
            common.note(
                    summary.nonFinite() + " of " + summary.samples()
                            + " samples have no finite score; features that are not finite spoil the scores of their whole batch");
        }
        if (summary.damaged() > 0) {
            common.note(summary.damaged() + (summary.damaged() == 1 ? " shard is" : " shards are")
                    + " damaged; what follows the damage was not read");
        }
        if (summary.bad() + summary.damaged() > 0) {
            common.note(summary.bad() + " bad samples were left out; " + badList() + " lists them");
        }
        common.out()
                .println(options.out + ": scores of " + summary.samples() + " samples in " + summary.shards()
                        + (summary.shards() == 1 ? " shard" : " shards")
                        + (scoring.epochs() == 1 ? "" : " at " + scoring.epochs() + " checkpoints"));
    }
}
