package org.gradmimic.cli.data;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.data.LabelNoise;
import org.gradmimic.io.CsvWriter;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.io.run.FolderLock;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Corrupts labels, for experiments. */
@Command(
        name = "noise",
        sortOptions = false,
        description = "Moves a share of the labels to another class. Writes labels.npy, samples.parquet and classes.txt"
                + " with the new labels, true_labels.npy, clean.npy (a filter that keeps the samples that were not"
                + " moved) and changed.csv.",
        footer = {
            "",
            "  gradmimic data noise --data images:PHOTOS --share 0.4 --out noisy",
            "  gradmimic audit --data images:noisy/samples.parquet,root=PHOTOS --out runs/audit",
            "  gradmimic filter quality runs/audit/keep.npy=noisy/clean.npy"
        })
final class NoiseCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private DataOptions options;

    @Option(
            names = "--share",
            required = true,
            paramLabel = "P",
            description = "The share of the labels to move, from 0 to 1.")
    private double share;

    @Option(
            names = "--kind",
            paramLabel = "KIND",
            defaultValue = "symmetric",
            description = "symmetric: to another class, drawn uniformly; pairwise: to the next class (default:"
                    + " ${DEFAULT-VALUE}).")
    private LabelNoise.Kind kind;

    @Option(
            names = "--except",
            paramLabel = "FILE",
            description = "Samples whose labels stay: a .txt with a path or number a line, or a filter (.npy, .parquet)"
                    + " that keeps them. The share is one of the others.")
    private @Nullable Path except;

    @Option(
            names = "--seed",
            paramLabel = "s",
            defaultValue = "0",
            description = "Determines which labels are moved, and where to (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Override
    public Integer call() {
        try (LabelledData data = options.open()) {
            LabelNoise.Builder builder = LabelNoise.builder(
                            data.labels(), data.classNames().size())
                    .kind(kind)
                    .share(share)
                    .seed(seed);
            if (except != null) {
                boolean[] eligible = new boolean[data.size()];
                Arrays.fill(eligible, true);
                for (long id : SampleList.read(except, data.size(), data::path)) eligible[(int) id] = false;
                builder.eligible(eligible);
            }
            LabelNoise noise = builder.build();
            try (FolderLock lock = options.lock()) {
                write(data, noise);
            }
            int moved = count(noise.noisy());
            common.out().println(options.out() + ": " + moved + " of " + data.size() + " labels moved, " + kind);
        }
        return 0;
    }

    private void write(LabelledData data, LabelNoise noise) {
        Path folder = options.out();
        data.write(folder, IntStream.range(0, data.size()).toArray(), noise.labels());
        NpyWriter.write(folder.resolve("true_labels.npy"), data.labels(), data.size());
        boolean[] clean = new boolean[data.size()];
        for (int i = 0; i < clean.length; i++) clean[i] = !noise.noisy()[i];
        NpyWriter.write(folder.resolve("clean.npy"), clean, clean.length);
        try (CsvWriter csv = new CsvWriter(folder.resolve("changed.csv"), "id", "path", "true_label", "given_label")) {
            for (int i = 0; i < clean.length; i++) {
                if (clean[i]) continue;
                csv.row(
                        i,
                        data.isNamed() ? data.path(i) : null,
                        data.classNames().get((int) data.labels()[i]),
                        data.classNames().get((int) noise.labels()[i]));
            }
            csv.commit();
        }
    }

    private static int count(boolean[] flags) {
        int count = 0;
        for (boolean flag : flags) if (flag) count++;
        return count;
    }
}
