package org.gradmimic.cli.data;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.io.TextLines;
import org.gradmimic.select.filter.FilterFile;

/** A file that lists samples of a data set: a text file of paths or numbers, or a filter that keeps them. */
public final class SampleList {
    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

    private SampleList() {}

    /**
     * The numbers of the listed samples of a split.
     *
     * @throws InputException if a line is neither the path nor the number of a sample; names the line
     */
    public static long[] read(Path file, ImageDataset dataset, Split split) {
        return read(file, dataset.size(split), id -> dataset.sampleName(split, id));
    }

    /**
     * The numbers of the listed samples.
     *
     * @param samples N
     * @param path of a sample
     * @throws InputException if a line is neither the path nor the number of a sample; names the line
     */
    static long[] read(Path file, int samples, LongFunction<String> path) {
        if (!file.toString().endsWith(".txt")) {
            LongStream.Builder kept = LongStream.builder();
            FilterFile.read(file, samples).forEachKept(kept::add);
            return kept.build().toArray();
        }
        Map<String, Long> byPath = new HashMap<>();
        for (long id = 0; id < samples; id++) byPath.put(path.apply(id), id);
        LongStream.Builder ids = LongStream.builder();
        TextLines.forEach(file, (line, text) -> {
            Long id = byPath.get(text);
            if (id == null && NUMBER.matcher(text).matches()) id = Long.parseLong(text);
            if (id == null || id >= samples) {
                throw InputException.in(
                        file,
                        "line " + line + " is '" + TextLines.shown(text) + "', neither the path of a sample"
                                + (samples == 0 ? "" : ", such as " + path.apply(0)) + ", nor a number below "
                                + samples);
            }
            ids.add(id);
        });
        return ids.build().toArray();
    }
}
