package org.gradmimic.cli.data;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.data.StratifiedSplit;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.io.run.FolderLock;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Divides a data set in two. */
@Command(
        name = "split",
        sortOptions = false,
        description =
                "Divides samples in two parts, each with the same share of every class. Writes each part as a filter"
                        + " (first.npy, rest.npy) and as a list of paths (first.txt, rest.txt; numbers, if samples have none).",
        footer = {
            "",
            "  gradmimic data split --data images:PHOTOS --share 0.2 --out split",
            "  gradmimic audit --data images:PHOTOS --trusted-ids split/first.txt --out runs/audit"
        })
final class SplitCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private DataOptions options;

    @Option(
            names = "--share",
            required = true,
            paramLabel = "P",
            description = "The share of the samples in the first part, from 0 to 1.")
    private double share;

    @Option(
            names = "--seed",
            paramLabel = "s",
            defaultValue = "0",
            description = "Determines which samples are in it (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Override
    public Integer call() {
        try (LabelledData data = options.open()) {
            boolean[] first =
                    StratifiedSplit.first(data.labels(), data.classNames().size(), share, seed);
            try (FolderLock lock = options.lock()) {
                int in = write(data, first, "first");
                boolean[] rest = new boolean[first.length];
                for (int i = 0; i < rest.length; i++) rest[i] = !first[i];
                write(data, rest, "rest");
                common.out().println(options.out() + ": first " + in + " samples, rest " + (data.size() - in));
            }
        }
        return 0;
    }

    private int write(LabelledData data, boolean[] part, String name) {
        Path folder = options.out();
        NpyWriter.write(folder.resolve(name + ".npy"), part, part.length);
        int[] ids = IntStream.range(0, part.length).filter(i -> part[i]).toArray();
        String list = IntStream.of(ids).mapToObj(id -> data.path(id) + "\n").collect(Collectors.joining());
        AtomicFile.write(folder.resolve(name + ".txt"), list.getBytes(StandardCharsets.UTF_8));
        return ids.length;
    }
}
