package org.gradmimic.audit;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.device.Host;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.Selection;
import org.gradmimic.select.Selector;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.labelmodel.LabelModel;
import org.gradmimic.select.score.LogScores;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.vote.Binarizer;
import org.gradmimic.train.ProbeRecorder;
import org.gradmimic.train.ProbeResult;
import org.jspecify.annotations.Nullable;

/** The last stage of an audit: from the score log to the filter and the list of issues. */
final class Findings {
    /** A sample is kept by an epoch if its weight is at least that in plain training, 1/B. */
    private static final float THRESHOLD = 1;

    private static final int BLOCK = 8192;

    private final ImageDataset dataset;
    private final Split split;
    private final long[] audited;
    private final Path folder;
    private final int samples;
    private List<Issue> issues = List.of();
    private Filter kept;
    private OptionalDouble confidence = OptionalDouble.empty();

    Findings(ImageDataset dataset, Split split, long[] audited, Path folder) {
        this.dataset = dataset;
        this.split = split;
        this.audited = audited;
        this.folder = folder;
        samples = dataset.size(split);
        kept = Filter.all(samples);
    }

    /**
     * Writes the filter, the probabilities and the lists.
     *
     * @param features [n,D] of the audited samples
     * @param progress receives the number of files written
     */
    void write(ProbeResult head, Tensor features, LongConsumer progress) {
        ScoreLog log = ScoreLog.open(folder.resolve(ProbeRecorder.LOG));
        float[] probability = select(log);
        progress.accept(1);
        FilterFile.write(folder.resolve(Audit.KEEP), kept);
        progress.accept(2);
        issues = issues(head, features, SampleMeans.of(log, samples), probability);
        IssueList.write(folder, issues);
        progress.accept(3);
        List<String> lines = new ArrayList<>();
        kept.forEachKept(id -> lines.add(dataset.sampleName(split, id)));
        AtomicFile.write(
                folder.resolve(Audit.KEPT), (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
        progress.accept(4);
    }

    /** Sets the filter, and returns the probability that a sample is worth keeping, [N]. */
    private float[] select(ScoreLog log) {
        int threads = Runtime.getRuntime().availableProcessors();
        Filter voted;
        float[] probability;
        try (Scores weights = LogScores.read(log, ScoreColumn.RELATIVE_WEIGHT, samples, threads, rows -> {})) {
            voted = byLabelModel(weights, threads);
            if (voted != null) {
                try (NpyFile file = NpyFile.open(folder.resolve(Audit.PROBABILITY))) {
                    probability = file.readFloats();
                }
            } else {
                voted = selector(weights, VoteAggregation.MAJORITY, threads)
                        .run()
                        .filter();
                probability = votes(weights);
            }
        }
        boolean[] question = new boolean[samples];
        for (long id : audited) question[(int) id] = true;
        Filter.Builder filter = Filter.builder(samples);
        for (int id = 0; id < samples; id++) {
            filter.set(id, !question[id] || voted.keeps(id));
            if (!question[id]) probability[id] = Float.NaN;
        }
        kept = filter.build();
        NpyWriter.write(folder.resolve(Audit.PROBABILITY), probability, samples);
        return probability;
    }

    private static Selector selector(Scores weights, VoteAggregation aggregation, int threads) {
        return new Selector(weights, FilterSpec.of(Binarizer.threshold(THRESHOLD), aggregation)).threads(threads);
    }

    /** The filter of a label model, which writes its probabilities; null if the votes do not determine one. */
    private @Nullable Filter byLabelModel(Scores weights, int threads) {
        try {
            Selection selection = selector(weights, VoteAggregation.LABEL_MODEL, threads)
                    .probabilities(folder.resolve(Audit.PROBABILITY))
                    .run();
            LabelModel model = selection.labelModel();
            if (model != null) confidence = OptionalDouble.of(model.confidence());
            return selection.filter();
        } catch (InputException e) {
            // Votes that always agree, for example. If the scores themselves are at fault, counting the votes fails
            // too.
            return null;
        }
    }

    /** The share of the epochs that would keep a sample, [N]. */
    private float[] votes(Scores weights) {
        float[] share = new float[samples];
        int[] seen = new int[samples];
        float[] row = new float[samples];
        for (int epoch = 0; epoch < weights.epochs(); epoch++) {
            weights.read(epoch, 0, samples, row);
            for (int i = 0; i < samples; i++) {
                if (Float.isNaN(row[i])) continue;
                seen[i]++;
                if (row[i] >= THRESHOLD) share[i]++;
            }
        }
        for (int i = 0; i < samples; i++) share[i] /= seen[i];
        return share;
    }

    private List<Issue> issues(ProbeResult head, Tensor features, SampleMeans means, float[] probability) {
        int[] rows = IntStream.range(0, audited.length)
                .filter(row -> !kept.keeps(audited[row]))
                .toArray();
        int[] preferred = preferred(head, features, rows);
        long[] labels = dataset.labels(split);
        List<String> names = dataset.classNames();
        // A score that is not finite is the worst.
        Comparator<Integer> byScore = Comparator.comparingDouble(i -> {
            float score = means.score(audited[rows[i]]);
            return Float.isNaN(score) ? Double.NEGATIVE_INFINITY : score;
        });
        int[] order = IntStream.range(0, rows.length)
                .boxed()
                .sorted(byScore)
                .mapToInt(i -> i)
                .toArray();
        List<Issue> list = new ArrayList<>(rows.length);
        for (int i : order) {
            long id = audited[rows[i]];
            int label = (int) labels[(int) id];
            list.add(new Issue(
                    list.size() + 1,
                    id,
                    dataset.sampleName(split, id),
                    names.get(label),
                    preferred[i] == label ? null : names.get(preferred[i]),
                    means.score(id),
                    probability[(int) id],
                    means.loss(id)));
        }
        return list;
    }

    /** The class that the head prefers for each of some rows. */
    private static int[] preferred(ProbeResult head, Tensor features, int[] rows) {
        int[] classes = new int[rows.length];
        try (NoGradGuard noGrad = new NoGradGuard();
                PointerScope scope = new PointerScope()) {
            Tensor bias = Tensors.of(head.bias(), head.bias().length);
            Tensor weight = Tensors.of(head.weight(), head.bias().length, features.size(1));
            for (int from = 0; from < rows.length; from += BLOCK) {
                int count = Math.min(BLOCK, rows.length - from);
                long[] some = new long[count];
                for (int i = 0; i < count; i++) some[i] = rows[from + i];
                try (PointerScope block = new PointerScope()) {
                    Tensor h = torch.index_select(features, 0, Tensors.of(some, count));
                    long[] best = Host.longs(torch.addmm(bias, h, weight.t()).argmax(new LongOptional(1), false));
                    for (int i = 0; i < count; i++) classes[from + i] = (int) best[i];
                }
            }
        }
        return classes;
    }

    /** What was found in each class. */
    List<ClassReport> classes() {
        List<String> names = dataset.classNames();
        int[] count = new int[names.size()];
        int[] wrong = new int[names.size()];
        long[] labels = dataset.labels(split);
        for (long id : audited) {
            count[(int) labels[(int) id]]++;
            if (!kept.keeps(id)) wrong[(int) labels[(int) id]]++;
        }
        return IntStream.range(0, count.length)
                .mapToObj(c -> new ClassReport(names.get(c), count[c], wrong[c]))
                .toList();
    }

    /** The samples whose labels are believed wrong, the worst first. */
    List<Issue> issues() {
        return issues;
    }

    /** The filter over all samples of the split. */
    Filter kept() {
        return kept;
    }

    /** The label model's; empty if there is none. */
    OptionalDouble confidence() {
        return confidence;
    }
}
