package org.gradmimic.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;

/** What a person checks first in a folder of images: which classes were found, and how many images each has. */
final class ClassCounts {
    private static final int LISTED = 10;

    /** A class that is smaller than another by this factor is questioned. */
    private static final int LOPSIDED = 100;

    private final List<String> names;
    private final long[] counts;
    private final Split split;

    private ClassCounts(ImageDataset dataset, Split split) {
        this.split = split;
        names = dataset.classNames();
        counts = new long[names.size()];
        for (long label : dataset.labels(split)) counts[(int) label]++;
    }

    /** A line for each split, and one for each split whose classes differ much in size. */
    static List<String> lines(ImageDataset dataset) {
        List<String> lines = new ArrayList<>();
        for (Split split : dataset.splits()) {
            ClassCounts classes = new ClassCounts(dataset, split);
            lines.add(classes.line());
            classes.question(lines);
        }
        return lines;
    }

    private String line() {
        String listed = IntStream.range(0, Math.min(LISTED, counts.length))
                .mapToObj(this::count)
                .collect(Collectors.joining(", "));
        int more = counts.length - LISTED;
        return split + ": " + counts.length + (counts.length == 1 ? " class: " : " classes: ") + listed
                + (more > 0
                        ? " and " + more + " more; smallest " + count(smallest()) + ", largest " + count(largest())
                        : "");
    }

    private void question(List<String> lines) {
        if (counts.length == 1) {
            lines.add(split + ": all images are in one class, " + names.get(0)
                    + "; images of several classes need a folder for each");
        }
        if (counts[largest()] <= LOPSIDED * counts[smallest()]) return;
        lines.add(split + ": class " + names.get(smallest()) + " has " + counts[smallest()] + " images and class "
                + names.get(largest()) + " has " + counts[largest()] + "; is each of these folders a class?");
    }

    private String count(int label) {
        return names.get(label) + " " + counts[label];
    }

    private int smallest() {
        return labels().min(Comparator.comparingLong(label -> counts[label])).orElseThrow();
    }

    private int largest() {
        return labels().max(Comparator.comparingLong(label -> counts[label])).orElseThrow();
    }

    private Stream<Integer> labels() {
        return IntStream.range(0, counts.length).boxed();
    }
}
