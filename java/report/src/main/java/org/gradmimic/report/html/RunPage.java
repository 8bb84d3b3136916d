package org.gradmimic.report.html;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.score.LogScores;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.Scores;
import org.jspecify.annotations.Nullable;

/** What a page shows of one run. */
final class RunPage {
    /**
     * What a person chose.
     *
     * @param images where they are; null for the data set that the run names
     * @param thumbnails at most so many
     * @param truth a filter that keeps the clean samples, or null
     * @param threads that read a score log
     */
    record Options(
            @Nullable String images,
            int thumbnails,
            @Nullable Path truth,
            int threads) {}

    /** The positions of the demo's samples in their data set. */
    private static final String POSITIONS = "samples.npy";

    private final Map<String, @Nullable Object> json = new LinkedHashMap<>();
    private final String name;
    private final RunFiles files;
    private final Options options;
    private final DataBlock data;
    private final Map<String, Object> metrics;
    private final Map<String, Filter> filters;
    private final List<String> classNames;
    private final int @Nullable [] labels;
    private final int samples;
    private final boolean @Nullable [] mislabelled;
    private final @Nullable Issues issues;
    private final boolean @Nullable [] suspected;
    private final List<Measure> measures = new ArrayList<>();
    private final List<Curve> curves;
    private final @Nullable SampleImages source;
    private final String sentence;

    private RunPage(Path folder, String name, Options options, DataBlock data, List<String> images, int[] at) {
        this.name = name;
        this.options = options;
        this.data = data;
        files = new RunFiles(folder);
        metrics = files.json("metrics.json");
        filters = KeepFilters.of(files);
        source = images();
        // The demo numbers its classes as its data set does.
        boolean isDemo = files.find(POSITIONS) != null;
        List<String> fallback =
                source == null || !isDemo ? List.of() : source.dataset().classNames();
        SampleTable table = SampleTable.read(files, fallback);
        classNames = new ArrayList<>(table.classNames());
        labels = table.labels();
        ScoreLog log = files.scoreLog();
        Path array = files.scoreArray();
        Path found = files.issues();
        samples = countSamples(log, array, found);
        mislabelled = mislabelled();
        issues = found == null ? null : Issues.read(found, samples, classNames);
        suspected = suspected();
        RunCommand command = RunCommand.of(files, metrics);
        curves = Curve.of(metrics, command.name(), samples);

        Measure.Groups groups = new Measure.Groups(mislabelled, labels, classNames.size());
        try (Scores scores = open(log, ScoreColumn.SCORE, array);
                Scores weights = open(log, ScoreColumn.RELATIVE_WEIGHT, null)) {
            if (scores != null && scores.epochs() > 0) measures.add(Measure.of(Measure.Kind.SCORE, scores, groups));
            if (weights != null && weights.epochs() > 0) measures.add(Measure.of(Measure.Kind.WEIGHT, weights, groups));
            double[] suspicion = suspicion();
            int[] listed = isListed() ? Listing.of(suspicion) : new int[0];
            list(table, listed, suspicion, images, at);
            listPaths(listed, scores, weights);
        }
        Summary summary =
                new Summary(samples, issues, suspected, mislabelled, filters, curves, metrics, classNames, labels);
        sentence = summary.sentence();
        json.put("name", name);
        json.put("title", command.name() + " in " + folder);
        json.put("sentence", sentence);
        json.put("figures", summary.figures());
        json.put("samples", samples);
        json.put(
                "measures",
                measures.stream()
                        .map(measure -> measure.json(data, start(measure)))
                        .toList());
        json.put("curves", curves.stream().map(Curve::json).toList());
        json.put("filters", KeepFilters.json(filters, mislabelled));
        json.put("filtersNote", filtersNote());
        json.put("commandLine", command.line());
        json.put("settings", Values.scalars(metrics.get("settings")));
        json.put("inputs", command.inputs());
        json.put("seconds", Values.scalars(metrics.get("seconds")));
        json.put("environment", command.environment());
        new ClassTable(samples, classNames, labels, suspected, mislabelled, issues, measures).addTo(json, data);
    }

    /**
     * Reads a run.
     *
     * @param images receives the base64 of each image
     * @param at the length of all that it holds
     */
    static RunPage read(Path folder, String name, Options options, DataBlock data, List<String> images, int[] at) {
        return new RunPage(folder, name, options, data, images, at);
    }

    String name() {
        return name;
    }

    String sentence() {
        return sentence;
    }

    long samples() {
        return samples;
    }

    Map<String, Filter> filters() {
        return filters;
    }

    /** As the page takes it. */
    Map<String, @Nullable Object> json(List<Map<String, Object>> overlaps) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>(json);
        all.put("overlaps", overlaps);
        return all;
    }

    private @Nullable SampleImages images() {
        if (options.images() != null) return SampleImages.at(options.images());
        Object spec =
                metrics.getOrDefault("data", Values.map(metrics.get("settings")).getOrDefault("data", ""));
        return spec instanceof String text && !text.isEmpty() ? SampleImages.ofRun(text) : null;
    }

    private int countSamples(@Nullable ScoreLog log, @Nullable Path array, @Nullable Path found) {
        long count = 0;
        if (labels != null) count = labels.length;
        else if (!filters.isEmpty()) count = filters.values().iterator().next().samples();
        else if (array != null) {
            try (Scores scores = Scores.npy(array)) {
                count = scores.samples();
            }
        }
        if (found != null && count == 0) count = Issues.samples(found);
        if (log != null) count = Math.max(count, log.samples());
        if (count > Integer.MAX_VALUE - 8) {
            throw InputException.in(files.folder(), "has " + count + " samples, too many for a report");
        }
        return (int) count;
    }

    private boolean @Nullable [] mislabelled() {
        Path truth = options.truth();
        if (truth != null) return FilterFile.read(truth, samples).not().toBooleans();
        Path corrupted = files.corrupted();
        if (corrupted == null) return null;
        try (NpyFile npy = NpyFile.open(corrupted)) {
            return npy.requireShape(samples).readBooleans();
        }
    }

    /** The samples in issues.parquet, otherwise those that the first filter discards. */
    private boolean @Nullable [] suspected() {
        if (issues != null) {
            boolean[] suspected = new boolean[samples];
            for (int i = 0; i < samples; i++) suspected[i] = issues.has(i);
            return suspected;
        }
        Filter filter = ownFilter();
        return filter == null ? null : filter.not().toBooleans();
    }

    /** The run's first filter over its samples. */
    private @Nullable Filter ownFilter() {
        return filters.values().stream()
                .filter(filter -> filter.samples() == samples)
                .findFirst()
                .orElse(null);
    }

    private @Nullable Scores open(@Nullable ScoreLog log, ScoreColumn column, @Nullable Path array) {
        if (log != null) return LogScores.read(log, column, samples, options.threads(), rows -> {});
        return array == null ? null : Scores.npy(array);
    }

    private boolean isListed() {
        return samples > 0 && (!measures.isEmpty() || issues != null || labels != null);
    }

    /** Low for the most suspicious: by rank among the suspected, then by score. NaN where nothing is known. */
    private double[] suspicion() {
        float[] score = measures.isEmpty() ? null : measures.get(0).mean();
        double[] suspicion = new double[samples];
        for (int i = 0; i < samples; i++) {
            suspicion[i] = score == null ? Double.NaN : score[i];
            if (issues != null && issues.has(i)) suspicion[i] = issues.rank(i) - 1e18;
        }
        return suspicion;
    }

    private int start(Measure measure) {
        Filter filter = ownFilter();
        return filter != null
                ? measure.edgeThatKeeps(filter.kept())
                : issues != null ? measure.edgeThatKeeps(samples - issues.count()) : measure.naturalEdge();
    }

    private void list(SampleTable table, int[] listed, double[] suspicion, List<String> images, int[] at) {
        boolean complete = listed.length == samples;
        json.put("shown", listed.length);
        json.put("complete", complete);
        json.put(
                "samplesNote",
                complete
                        ? "Every sample of the run. Arrow keys move through the list."
                        : String.format(
                                java.util.Locale.ROOT,
                                "The %,d most and the %,d least suspicious of %,d samples. Counts elsewhere on this page are"
                                        + " of all.",
                                Listing.EXTREMES,
                                Listing.EXTREMES,
                                samples));
        json.put("id", data.ints(listed));
        if (!classNames.isEmpty()) json.put("classes", classNames);
        int[] known = labels;
        json.put("given", data.ints(pick(listed, i -> known == null ? -1 : known[i])));
        if (issues != null) {
            Issues of = issues;
            json.put("suggested", data.ints(pick(listed, of::suggested)));
            json.put("rank", data.floats(pickFloats(listed, i -> of.has(i) ? of.rank(i) : Float.NaN)));
            json.put("keep", data.floats(pickFloats(listed, of::keep)));
            json.put("loss", data.floats(pickFloats(listed, of::loss)));
            if (measures.isEmpty()) json.put("score", data.floats(pickFloats(listed, of::score)));
        }
        for (Measure measure : measures) {
            float[] mean = measure.mean();
            json.put(measure.kind().key(), data.floats(pickFloats(listed, i -> mean[i])));
        }
        if (mislabelled != null) json.put("mislabelled", data.flags(pickFlags(listed, mislabelled)));
        if (suspected != null) json.put("suspected", data.flags(pickFlags(listed, suspected)));
        SampleTable.Texts texts = table.texts(listed);
        if (texts.captions() != null) json.put("captions", withoutNull(texts.captions()));
        @Nullable String @Nullable [] names = names(listed, texts);
        if (names == null) return;
        json.put("names", withoutNull(names));
        if (source != null && options.thumbnails() > 0) {
            show(source, names, chooseImages(listed, suspicion), listed.length, images, at);
        }
    }

    private static List<String> withoutNull(@Nullable String[] texts) {
        return Arrays.stream(texts)
                .map(text -> Objects.requireNonNullElse(text, ""))
                .toList();
    }

    /** Paths from samples.parquet or issues.parquet, or the names that the data set gives to the demo's samples. */
    private @Nullable String @Nullable [] names(int[] listed, SampleTable.Texts texts) {
        if (texts.paths() != null) return texts.paths();
        Issues of = issues;
        if (of != null) {
            @Nullable String[] paths = new String[listed.length];
            for (int i = 0; i < paths.length; i++) paths[i] = of.path(listed[i]);
            if (Arrays.stream(paths).anyMatch(Objects::nonNull)) return paths;
        }
        Path positions = files.find(POSITIONS);
        if (positions == null || source == null) return null;
        try (NpyFile npy = NpyFile.open(positions)) {
            long[] position = npy.requireShape(samples).readLongs();
            ImageDataset dataset = source.dataset();
            @Nullable String[] names = new String[listed.length];
            for (int i = 0; i < names.length; i++) {
                if (position[listed[i]] < dataset.size(Split.TRAIN))
                    names[i] = dataset.sampleName(Split.TRAIN, position[listed[i]]);
            }
            return names;
        }
    }

    /** The places in the list of the samples that get images. */
    private int[] chooseImages(int[] listed, double[] suspicion) {
        double[] of = Arrays.stream(listed).mapToDouble(i -> suspicion[i]).toArray();
        if (Arrays.stream(of).allMatch(Double::isNaN)) {
            return IntStream.range(0, Math.min(listed.length, options.thumbnails()))
                    .toArray();
        }
        int most = options.thumbnails();
        return IntStream.concat(
                        Arrays.stream(Listing.lowest(of, most - most / 2)),
                        Arrays.stream(Listing.highest(of, most / 2)))
                .distinct()
                .toArray();
    }

    private void show(
            SampleImages source, @Nullable String[] names, int[] places, int count, List<String> images, int[] at) {
        Map<String, Integer> wanted = new HashMap<>();
        for (int place : places) {
            String path = names[place];
            if (path != null && !path.isEmpty()) wanted.put(path, place);
        }
        int[] pieces = new int[2 * count];
        int before = images.size();
        source.read(wanted, (place, jpeg) -> {
            String text = Base64.getEncoder().encodeToString(jpeg);
            pieces[2 * place] = at[0];
            pieces[2 * place + 1] = text.length();
            at[0] += text.length();
            images.add(text);
        });
        if (images.size() > before) json.put("images", data.ints(pieces));
    }

    private void listPaths(int[] listed, @Nullable Scores scores, @Nullable Scores weights) {
        if (measures.isEmpty() || listed.length == 0) return;
        int[] epochs = SamplePaths.epochs(measures.get(0).epochs());
        Map<String, Object> paths = new LinkedHashMap<>();
        paths.put("epochs", data.ints(epochs));
        for (Measure measure : measures) {
            Scores values = measure.kind() == Measure.Kind.SCORE ? scores : weights;
            if (values != null) paths.put(measure.kind().key(), data.floats(SamplePaths.of(values, epochs, listed)));
        }
        json.put("paths", paths);
    }

    private String filtersNote() {
        return mislabelled == null
                ? "How many samples each filter keeps. The share kept estimates the quality of the data."
                : "How many samples each filter keeps. The share kept estimates the quality of the data. Precision and recall"
                        + " say how well the discarded samples are the mislabelled ones.";
    }

    private interface Whole {
        int of(int sample);
    }

    private interface Real {
        float of(int sample);
    }

    private static int[] pick(int[] listed, Whole value) {
        return Arrays.stream(listed).map(value::of).toArray();
    }

    private static float[] pickFloats(int[] listed, Real value) {
        float[] picked = new float[listed.length];
        for (int i = 0; i < picked.length; i++) picked[i] = value.of(listed[i]);
        return picked;
    }

    private static boolean[] pickFlags(int[] listed, boolean[] flags) {
        boolean[] picked = new boolean[listed.length];
        for (int i = 0; i < picked.length; i++) picked[i] = flags[listed[i]];
        return picked;
    }
}
