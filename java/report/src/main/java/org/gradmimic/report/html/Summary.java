package org.gradmimic.report.html;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.filter.Filter;
import org.jspecify.annotations.Nullable;

/** A run in a few words and numbers. */
final class Summary {
    private final int samples;
    private final @Nullable Issues issues;
    private final boolean @Nullable [] suspected;
    private final boolean @Nullable [] mislabelled;
    private final Map<String, Filter> filters;
    private final List<Curve> curves;
    private final Map<String, Object> metrics;
    private final List<String> classNames;
    private final int @Nullable [] labels;

    Summary(
            int samples,
            @Nullable Issues issues,
            boolean @Nullable [] suspected,
            boolean @Nullable [] mislabelled,
            Map<String, Filter> filters,
            List<Curve> curves,
            Map<String, Object> metrics,
            List<String> classNames,
            int @Nullable [] labels) {
        this.samples = samples;
        this.issues = issues;
        this.suspected = suspected;
        this.mislabelled = mislabelled;
        this.filters = filters;
        this.curves = curves;
        this.metrics = metrics;
        this.classNames = classNames;
        this.labels = labels;
    }

    /** One to three sentences. */
    String sentence() {
        List<String> sentences = new ArrayList<>();
        Detection found = detection();
        if (isAboutLabels()) {
            long count = suspectedCount();
            String text = text(
                    "Of %,d samples, %,d %s suspected to have a wrong label (%s)",
                    samples, count, count == 1 ? "is" : "are", share(count, samples));
            sentences.add(text + ".");
            if (found != null) {
                sentences.add(text(
                        "%s of the suspected are mislabelled, and %s of the mislabelled are suspected.",
                        percent(found.precision()), percent(found.recall())));
            }
            String where = mostSuspectedClasses();
            if (!where.isEmpty() && found == null) sentences.add(where);
        } else if (!filters.isEmpty()) {
            Map.Entry<String, Filter> first = filters.entrySet().iterator().next();
            sentences.add(text(
                    "The filter %s keeps %,d of %,d samples (%s).",
                    first.getKey(),
                    first.getValue().kept(),
                    first.getValue().samples(),
                    percent(first.getValue().keptShare())));
        } else if (samples > 0) {
            sentences.add(text("The run scored %,d samples.", samples));
        }
        String training = training();
        if (!training.isEmpty()) sentences.add(training);
        return sentences.isEmpty() ? "The run has not recorded anything yet." : String.join(" ", sentences);
    }

    /** Whether discarded samples are suspected of wrong labels; a filter alone may discard for other reasons. */
    private boolean isAboutLabels() {
        return suspected != null && (issues != null || mislabelled != null);
    }

    private long suspectedCount() {
        if (suspected == null) return 0;
        return IntStream.range(0, suspected.length).filter(i -> suspected[i]).count();
    }

    private @Nullable Detection detection() {
        if (suspected == null || mislabelled == null) return null;
        boolean[] keep = new boolean[suspected.length];
        for (int i = 0; i < keep.length; i++) keep[i] = !suspected[i];
        return Detection.of(keep, mislabelled);
    }

    /** The classes with the largest numbers of suspected samples. */
    private String mostSuspectedClasses() {
        if (labels == null || suspected == null || classNames.size() < 4) return "";
        int[] counts = new int[classNames.size()];
        for (int i = 0; i < labels.length; i++) {
            if (suspected[i] && labels[i] >= 0) counts[labels[i]]++;
        }
        List<String> most = IntStream.range(0, counts.length)
                .boxed()
                .filter(c -> counts[c] > 0)
                .sorted((a, b) -> counts[b] - counts[a])
                .limit(3)
                .map(classNames::get)
                .toList();
        if (most.size() < 3) return "";
        return "Most of them are in the classes " + most.get(0) + ", " + most.get(1) + " and " + most.get(2) + ".";
    }

    private String training() {
        List<String> ends = curves.stream()
                .filter(curve ->
                        !Double.isNaN(curve.accuracy()) && !curve.name().equals("reference"))
                .sorted((a, b) -> Boolean.compare(a.plain(), b.plain()))
                .map(curve -> percent(curve.accuracy()) + " with " + spoken(curve))
                .toList();
        return ends.isEmpty() ? "" : "The accuracy on the test set ends at " + String.join(", and at ", ends) + ".";
    }

    private static String spoken(Curve curve) {
        if (curve.plain()) return "plain training";
        return curve.name().endsWith("mimic") ? "Grad-Mimic" : curve.name();
    }

    /** Name, value and a note, or null for none. */
    List<List<@Nullable String>> figures() {
        Map<String, @Nullable String[]> figures = new LinkedHashMap<>();
        if (samples > 0) {
            figures.put("Samples", new @Nullable String[] {
                text("%,d", samples), classNames.isEmpty() ? null : text("%,d classes", classNames.size())
            });
        }
        if (isAboutLabels()) {
            long count = suspectedCount();
            figures.put("Suspected", new @Nullable String[] {text("%,d", count), share(count, samples) + " of all"});
        }
        if (!filters.isEmpty()) {
            Map.Entry<String, Filter> first = filters.entrySet().iterator().next();
            figures.put(
                    "Estimated quality",
                    new @Nullable String[] {percent(first.getValue().keptShare()), "kept by " + first.getKey()});
        } else if (issues != null && samples > 0) {
            figures.put("Estimated quality", new @Nullable String[] {
                percent(1 - (double) suspectedCount() / samples), "share that is not suspected"
            });
        }
        Detection found = detection();
        if (found != null) {
            figures.put("F1 of the suspected", new @Nullable String[] {
                percent(found.f1()), text("of %,d known as mislabelled", found.truePositives() + found.falseNegatives())
            });
        }
        Curve plain = curves.stream().filter(Curve::plain).findFirst().orElse(null);
        curves.stream()
                .filter(curve -> !curve.plain() && !curve.name().equals("reference"))
                .findFirst()
                .ifPresent(curve -> compare(figures, curve, plain));
        Object seconds = metrics.get("seconds");
        double all = seconds instanceof Number number
                ? number.doubleValue()
                : Values.scalars(seconds).values().stream()
                        .mapToDouble(Values::number)
                        .sum();
        if (all > 0) figures.put("Time", new @Nullable String[] {text("%.1f s", all), "all stages"});
        List<List<@Nullable String>> list = new ArrayList<>();
        figures.forEach((name, value) -> list.add(Arrays.asList(name, value[0], value[1])));
        return list;
    }

    private static void compare(Map<String, @Nullable String[]> figures, Curve curve, @Nullable Curve plain) {
        double accuracy = curve.accuracy();
        if (!Double.isNaN(accuracy)) {
            double other = plain == null ? Double.NaN : plain.accuracy();
            figures.put("Accuracy on the test set", new @Nullable String[] {
                percent(accuracy), Double.isNaN(other) ? null : "plain training: " + percent(other)
            });
        }
        if (plain != null && curve.samples() == plain.samples() && curve.seconds() > 0 && plain.seconds() > 0) {
            figures.put("Cost of a step", new @Nullable String[] {
                text("%.2f\u00a0×", curve.seconds() / plain.seconds()), "plain training is 1"
            });
        }
    }

    private static String share(long part, long whole) {
        return percent(whole == 0 ? 0 : (double) part / whole);
    }

    private static String percent(double ratio) {
        return text("%.1f\u00a0%%", 100 * ratio);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
