package org.gradmimic.report.html;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.select.filter.Filter;
import org.jspecify.annotations.Nullable;

/**
 * A report of runs: one HTML file that opens without a network. It shows scores, weights, samples with images, classes,
 * learning curves and filters; docs/report.md describes it.
 *
 * <pre>{@code
 * Report.builder().run(Path.of("runs/demo")).run(Path.of("runs/probe")).build().write(Path.of("report.html"));
 * }</pre>
 */
public final class Report {
    /** The number of images of a run, unless another is set. */
    public static final int THUMBNAILS = 1_000;

    private final List<Path> runs;
    private final RunPage.Options options;
    private final String madeBy;

    private Report(Builder builder) {
        runs = List.copyOf(builder.runs);
        options = new RunPage.Options(builder.images, builder.thumbnails, builder.truth, builder.threads);
        madeBy = builder.madeBy;
    }

    /** A builder without runs. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects what a report shows. */
    public static final class Builder {
        private final List<Path> runs = new ArrayList<>();
        private @Nullable String images;
        private @Nullable Path truth;
        private int thumbnails = THUMBNAILS;
        private int threads = 1;
        private String madeBy = "gradmimic";

        private Builder() {}

        /** Adds the folder of a run: of a demo, an audit, a probe, a training, or one that holds a filter. */
        public Builder run(Path folder) {
            runs.add(folder);
            return this;
        }

        /**
         * Sets where the images of the samples are: a folder, a tar or zip archive, or the spec of a data set. The default is
         * the data set that the run names, if it is still there.
         */
        public Builder images(String where) {
            images = where;
            return this;
        }

        /**
         * Sets how many samples of each run have images: half of them the most suspicious ones, half the least.
         *
         * @throws InvalidArgumentException if it is negative
         */
        public Builder thumbnails(int most) {
            if (most < 0)
                throw new InvalidArgumentException("the number of thumbnails is " + most + "; it must not be negative");
            thumbnails = most;
            return this;
        }

        /** Sets a filter that keeps the samples that are known to be clean. */
        public Builder truth(Path filter) {
            truth = filter;
            return this;
        }

        /** Sets the number of threads that read score logs; it does not change the report. The default is 1. */
        public Builder threads(int count) {
            threads = count;
            return this;
        }

        /** Sets the program and version that the page names. */
        public Builder madeBy(String program) {
            madeBy = program;
            return this;
        }

        /**
         * Builds the report; nothing is read yet.
         *
         * @throws InvalidArgumentException if there is no run
         */
        public Report build() {
            if (runs.isEmpty()) throw new InvalidArgumentException("a report needs at least one run");
            return new Report(this);
        }
    }

    /**
     * What was written.
     *
     * @param bytes the size of the file
     * @param samples of all runs
     * @param images how many samples have one
     * @param sentences the summary of each run
     */
    public record Written(long bytes, long samples, int images, List<String> sentences) {}

    /**
     * Reads the runs and writes the page, which is whole or absent.
     *
     * @throws InputException if a folder is not that of a run, a file in it is damaged, or the page cannot be written
     */
    public Written write(Path file) {
        AtomicFile.requireWritable(file);
        DataBlock data = new DataBlock();
        List<String> images = new ArrayList<>();
        List<RunPage> pages = new ArrayList<>();
        int[] at = {0};
        for (Path run : runs) pages.add(RunPage.read(run, name(run), options, data, images, at));
        Map<String, Filter> filters = new LinkedHashMap<>();
        for (RunPage page : pages) {
            page.filters()
                    .forEach((name, filter) ->
                            filters.put(pages.size() == 1 ? name : page.name() + ": " + name, filter));
        }
        List<Map<String, Object>> overlaps = KeepFilters.overlaps(filters);
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("made", made());
        header.put("runs", pages.stream().map(page -> page.json(overlaps)).toList());
        Page.write(file, data, header, images);
        try {
            return new Written(
                    Files.size(file),
                    pages.stream().mapToLong(RunPage::samples).sum(),
                    images.size(),
                    pages.stream().map(RunPage::sentence).toList());
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }

    private String made() {
        String day = LocalDate.now(ZoneId.systemDefault())
                .format(DateTimeFormatter.ofPattern("d MMMM yyyy", Locale.ENGLISH));
        return "Made by " + madeBy + " on " + day + ". This file needs no network and sends nothing.";
    }

    /** The folder's own name, or its path where two runs have the same name. */
    private String name(Path run) {
        String name = lastName(run);
        boolean shared =
                runs.stream().filter(other -> lastName(other).equals(name)).count() > 1;
        return shared ? run.toString() : name;
    }

    private static String lastName(Path run) {
        Path name = run.toAbsolutePath().normalize().getFileName();
        return name == null ? run.toString() : name.toString();
    }
}
