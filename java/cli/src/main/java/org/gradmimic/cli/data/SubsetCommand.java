package org.gradmimic.cli.data;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Progress;
import org.gradmimic.data.FeatureDataset;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.io.run.FolderLock;
import org.gradmimic.model.Embedder;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Takes a subset of a data set. */
@Command(
        name = "subset",
        sortOptions = false,
        description =
                "Takes the samples that a filter keeps: labels.npy, samples.parquet and classes.txt; of features also"
                        + " features.npy. Samples are numbered anew; ids.npy has their former numbers.",
        footer = {
            "",
            "  gradmimic data subset --data npy:features --keep keep.npy --out kept",
            "  gradmimic probe --features kept/features.npy --labels kept/labels.npy --mode sgd --out runs/kept",
            "",
            "A subset of images is a list: images:kept/samples.parquet,root=PHOTOS is a data set."
        })
final class SubsetCommand implements Callable<Integer> {
    private static final int BLOCK_FLOATS = 1 << 22;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DataOptions options;

    @Option(
            names = "--keep",
            required = true,
            paramLabel = "FILTER",
            description = "The filter, by sample number: .npy, .parquet or .txt.")
    private Path keep;

    @Override
    public Integer call() {
        try (LabelledData data = options.open()) {
            Filter filter = FilterFile.read(keep, data.size());
            if (filter.kept() == 0) throw InputException.in(keep, "keeps none of the " + data.size() + " samples");
            int[] ids = IntStream.range(0, data.size()).filter(filter::keeps).toArray();
            try (FolderLock lock = options.lock()) {
                NpyWriter.write(
                        options.out().resolve("ids.npy"),
                        IntStream.of(ids).asLongStream().toArray(),
                        ids.length);
                data.write(options.out(), ids, data.labels());
                FeatureDataset features = data.features();
                if (features != null) write(features.features(), ids);
            }
            common.out().println(options.out() + ": " + ids.length + " of " + data.size() + " samples");
        }
        return 0;
    }

    /** Copies rows in blocks, in constant memory. */
    private void write(NpyFile features, int[] ids) {
        int width = Math.toIntExact(features.rowElements());
        int block = Math.max(1, BLOCK_FLOATS / Math.max(1, width));
        FloatBuffer rows = FloatBuffer.allocate(block * width);
        try (Progress progress = common.progress("copying", "samples", ids.length);
                NpyWriter out = NpyWriter.create(options.out().resolve(Embedder.FEATURES), ids.length, width)) {
            long written = 0;
            int next = 0;
            for (long from = 0; next < ids.length; from += block) {
                long to = Math.min(features.rows(), from + block);
                features.readFloats(from, to, rows.clear());
                for (; next < ids.length && ids[next] < to; next++) {
                    int start = (int) (ids[next] - from) * width;
                    out.put(written * width, FloatBuffer.wrap(rows.array(), start, width));
                    written++;
                    progress.step(1);
                }
            }
            out.commit();
        }
    }
}
