package org.gradmimic.select.vote;

/** The passes over an array that a {@link Binarizer} asks for. */
public final class Passes {

    private Passes() {}

    public static ValueStatistics statistics(float... values) {
        ValueStatistics statistics = new ValueStatistics();
        for (float value : values) {
            statistics.add(value);
        }
        return statistics;
    }

    public static ValueCounts counts(Refinement refinement, float... values) {
        ValueCounts counts = new ValueCounts(refinement);
        for (float value : values) {
            counts.add(value);
        }
        return counts;
    }

    public static Decision decide(Binarizer binarizer, float... values) {
        Binarization running = binarizer.begin(statistics(values));
        while (!running.needs().isEmpty()) {
            running.refine(counts(running.needs(), values));
        }
        return running.decision();
    }

    public static boolean[] keep(Binarizer binarizer, float... values) {
        Cut cut = decide(binarizer, values).cut();
        boolean[] keep = new boolean[values.length];
        for (int i = 0; i < values.length; i++) {
            keep[i] = cut.keeps(values[i]);
        }
        return keep;
    }
}
