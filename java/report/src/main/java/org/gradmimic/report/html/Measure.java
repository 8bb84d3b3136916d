package org.gradmimic.report.html;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.gradmimic.select.score.Scores;
import org.jspecify.annotations.Nullable;

/**
 * The distributions of scores or weights: counts in bins of equal width for each epoch and for the mean over the epochs.
 * The bins cover the values except the outermost 0.2 % at either end, which are counted in the outer bins.
 */
final class Measure {
    /** Many enough to place a threshold, few enough to be drawn three by three. */
    static final int BINS = 240;

    private static final double TAIL = 0.002;
    private static final int LOOKED_AT = 1_000_000;
    private static final int BLOCK = 1 << 16;
    /** Counts by class are left out where they would take more elements than this. */
    private static final long MOST_CLASS_COUNTS = 4_000_000;

    /**
     * What is measured.
     *
     * @param key the name in the page
     * @param name as a person calls it
     * @param note a sentence that explains it
     * @param natural the threshold that has a meaning of its own; it is an edge of a bin
     */
    record Kind(String key, String name, String note, double natural) {
        static final Kind SCORE = new Kind(
                "score",
                "mimic score",
                "The mimic score says how far a sample's gradient moves the model toward the reference. Samples with wrong"
                        + " labels move it away: their scores are low.",
                0);
        static final Kind WEIGHT = new Kind(
                "weight",
                "relative weight",
                "The relative weight is what a sample counted in training, as a multiple of its share in plain training,"
                        + " which is 1.",
                1);
    }

    /** What is known of the samples. */
    record Groups(boolean @Nullable [] mislabelled, int @Nullable [] labels, int classes) {
        int count() {
            return mislabelled == null ? 1 : 2;
        }

        int of(int sample) {
            return mislabelled != null && mislabelled[sample] ? 1 : 0;
        }
    }

    private final Kind kind;
    private final int epochs;
    private final float[] mean;
    private final double from;
    private final double step;
    private final int groups;
    private final int[] histogram;
    private final int @Nullable [] classCounts;

    private Measure(Kind kind, Scores scores, Groups groups) {
        this.kind = kind;
        this.epochs = scores.epochs();
        this.groups = groups.count();
        this.mean = mean(scores);
        double[] range = range(scores);
        // A width of few bits, so that the edges, and whether a value is on one, are exact.
        step = rounded((range[1] - range[0]) / (BINS - 4), range);
        // One bin below the range, so that a threshold at its lower end differs from none.
        from = kind.natural() - (Math.ceil((kind.natural() - range[0]) / step) + 1) * step;
        histogram = new int[(epochs + 1) * this.groups * BINS];
        boolean countClasses = groups.labels() != null && (long) groups.classes() * BINS <= MOST_CLASS_COUNTS;
        classCounts = countClasses ? new int[groups.classes() * BINS] : null;
        count(scores, groups);
    }

    static Measure of(Kind kind, Scores scores, Groups groups) {
        return new Measure(kind, scores, groups);
    }

    Kind kind() {
        return kind;
    }

    int epochs() {
        return epochs;
    }

    /** The mean of each sample over the epochs in which its value was finite; NaN where it never was. */
    float[] mean() {
        return mean;
    }

    int bin(double value) {
        return (int) Math.max(0, Math.min(BINS - 1, Math.floor((value - from) / step)));
    }

    double edge(int k) {
        return from + k * step;
    }

    /** How many samples have a mean of at least the k-th edge; with k = 0 all that have one. */
    long kept(int k) {
        long kept = 0;
        for (int group = 0; group < groups; group++) {
            int at = (epochs * groups + group) * BINS;
            for (int bin = k; bin < BINS; bin++) kept += histogram[at + bin];
        }
        return kept;
    }

    /** The edge that keeps about so many samples. */
    int edgeThatKeeps(long wanted) {
        int best = 0;
        for (int k = 1; k <= BINS; k++) {
            if (Math.abs(kept(k) - wanted) < Math.abs(kept(best) - wanted)) best = k;
        }
        return best;
    }

    /** The edge at the threshold that has a meaning of its own. */
    int naturalEdge() {
        return (int) Math.max(0, Math.min(BINS, Math.round((kind.natural() - from) / step)));
    }

    /** As the page takes it. */
    Map<String, Object> json(DataBlock data, int start) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("key", kind.key());
        json.put("name", kind.name());
        json.put("note", kind.note());
        json.put("axis", kind.name());
        json.put("epochs", epochs);
        json.put("groups", groups);
        json.put("bins", BINS);
        json.put("from", from);
        json.put("step", step);
        json.put("start", start);
        json.put("histogram", data.ints(histogram));
        if (classCounts != null) json.put("classes", data.ints(classCounts));
        return json;
    }

    /** Receives a block of one epoch. */
    private interface BlockVisitor {
        void accept(int epoch, int first, int count, float[] values);
    }

    private static void forEachBlock(Scores scores, BlockVisitor visitor) {
        float[] values = new float[BLOCK];
        int samples = (int) scores.samples();
        for (int first = 0; first < samples; first += BLOCK) {
            int count = Math.min(BLOCK, samples - first);
            for (int epoch = 0; epoch < scores.epochs(); epoch++) {
                scores.read(epoch, first, count, values);
                visitor.accept(epoch, first, count, values);
            }
        }
    }

    private static float[] mean(Scores scores) {
        float[] mean = new float[(int) scores.samples()];
        double[] sum = new double[BLOCK];
        int[] seen = new int[BLOCK];
        forEachBlock(scores, (epoch, first, count, values) -> {
            if (epoch == 0) {
                Arrays.fill(sum, 0);
                Arrays.fill(seen, 0);
            }
            for (int i = 0; i < count; i++) {
                if (Float.isFinite(values[i])) {
                    sum[i] += values[i];
                    seen[i]++;
                }
                mean[first + i] = seen[i] == 0 ? Float.NaN : (float) (sum[i] / seen[i]);
            }
        });
        return mean;
    }

    /** The range without the tails, from a part of the values. */
    private static double[] range(Scores scores) {
        long all = scores.samples() * scores.epochs();
        long stride = Math.max(1, all / LOOKED_AT);
        float[] looked = new float[(int) (all / stride + scores.epochs() + 1)];
        int[] found = {0};
        long[] passed = {0};
        forEachBlock(scores, (epoch, first, count, values) -> {
            for (int i = 0; i < count; i++) {
                if (passed[0]++ % stride == 0 && Float.isFinite(values[i]) && found[0] < looked.length)
                    looked[found[0]++] = values[i];
            }
        });
        if (found[0] == 0) return new double[] {0, 1};
        Arrays.sort(looked, 0, found[0]);
        int cut = (int) (TAIL * found[0]);
        return new double[] {looked[cut], looked[found[0] - 1 - cut]};
    }

    private static double rounded(double width, double[] range) {
        double least = Math.max(Math.abs(range[0]), Math.abs(range[1])) * 1e-6 + 1e-30;
        double wide = Math.max(width, least);
        double unit = Math.scalb(1.0, Math.getExponent(wide) - 6);
        return Math.ceil(wide / unit) * unit;
    }

    private void count(Scores scores, Groups of) {
        forEachBlock(scores, (epoch, first, count, values) -> {
            for (int i = 0; i < count; i++) {
                if (Float.isFinite(values[i])) histogram[(epoch * groups + of.of(first + i)) * BINS + bin(values[i])]++;
            }
        });
        int[] labels = of.labels();
        for (int i = 0; i < mean.length; i++) {
            if (Float.isNaN(mean[i])) continue;
            int bin = bin(mean[i]);
            histogram[(epochs * groups + of.of(i)) * BINS + bin]++;
            if (classCounts != null && labels != null && labels[i] >= 0) classCounts[labels[i] * BINS + bin]++;
        }
    }
}
