package org.gradmimic.select;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.LongConsumer;
import org.gradmimic.base.InputException;
import org.gradmimic.io.Blocks;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.labelmodel.LabelModel;
import org.gradmimic.select.labelmodel.VotePatterns;
import org.gradmimic.select.score.Classes;
import org.gradmimic.select.score.Scores;
import org.jspecify.annotations.Nullable;

/**
 * Makes a filter from scores. It splits every epoch by a rule, over all samples or class by class, and aggregates the
 * votes of the epochs. It traverses the scores a few times, block by block. In memory it holds only statistics and the
 * filter, one bit per sample. The number of threads does not change the result.
 */
public final class Selector {

    private final Scores scores;
    private final FilterSpec spec;
    private Classes classes;
    private int threads = 1;
    private LongConsumer progress = values -> {};
    private @Nullable Path probabilities;

    /**
     * @param scores the values to filter by; higher is better
     * @param spec how they become a filter
     */
    public Selector(Scores scores, FilterSpec spec) {
        this.scores = spec.aggregation() == VoteAggregation.MEAN ? scores.mean() : scores;
        this.spec = spec;
        classes = Classes.one(scores.samples());
    }

    /** Applies the rule to every class separately. */
    public Selector perClass(Classes labels) {
        if (labels.samples() != scores.samples()) {
            throw new InputException("there are " + labels.samples() + " labels for " + scores.samples() + " samples");
        }
        classes = labels;
        return this;
    }

    /** Sets the number of threads; the default is 1. */
    public Selector threads(int n) {
        threads = n;
        return this;
    }

    /** Sets a listener that receives the number of values read since its last call; several threads call it. */
    public Selector progress(LongConsumer values) {
        progress = values;
        return this;
    }

    /** Writes the label model's probability of every sample, {@code .npy} float32 [N]. */
    public Selector probabilities(Path file) {
        spec.requireProbabilities();
        probabilities = file;
        return this;
    }

    /** {@return how many values {@link #run} reads at most, if no rule needs a second refinement} */
    public long plannedReads() {
        long passes = spec.aggregation() == VoteAggregation.LABEL_MODEL ? 4 : 3;
        return passes * scores.epochs() * scores.samples();
    }

    /**
     * Makes the filter.
     *
     * @throws InputException if a value is infinite, all values are NaN, or the votes do not determine a label model;
     *     names the place
     */
    public Selection run() {
        try (Blocks blocks = new Blocks(threads)) {
            EpochRules rules = new EpochRules(scores, classes, spec.binarizer(), blocks, progress);
            Voting voting = new Voting(scores, classes, rules.cuts(), progress);
            LabelModel model = spec.aggregation() == VoteAggregation.LABEL_MODEL ? labelModel(blocks, voting) : null;
            long[] kept = new long[scores.epochs()];
            Filter filter = filter(blocks, voting, model, kept);
            return new Selection(filter, rules.votes(kept), model);
        }
    }

    private LabelModel labelModel(Blocks blocks, Voting voting) {
        VotePatterns patterns = new VotePatterns(scores.epochs());
        // The state of one thread.
        record Worker(Voting.Ballot ballot, VotePatterns patterns) {}
        blocks.run(
                        scores.samples(),
                        () -> new Worker(voting.new Ballot(), new VotePatterns(scores.epochs())),
                        (worker, from, count) -> {
                            worker.ballot.fill(from, count);
                            for (int i = 0; i < count; i++) {
                                worker.patterns.add(worker.ballot.pattern[i]);
                            }
                        })
                .forEach(worker -> patterns.merge(worker.patterns));
        return LabelModel.fit(patterns, spec.classBalance());
    }

    /** The last pass. It adds to {@code kept} how many samples each epoch would keep. */
    private Filter filter(Blocks blocks, Voting voting, @Nullable LabelModel model, long[] kept) {
        Filter.Builder filter = Filter.builder(scores.samples());
        try (NpyWriter out = probabilities == null ? null : NpyWriter.create(probabilities, scores.samples())) {
            blocks.run(scores.samples(), () -> voting.new Ballot(), (ballot, from, count) -> {
                        ballot.fill(from, count);
                        boolean[] keep = new boolean[count];
                        for (int i = 0; i < count; i++) {
                            keep[i] = model == null ? ballot.majority[i] > 0 : model.keeps(ballot.pattern[i]);
                        }
                        float[] probability = new float[out == null ? 0 : count];
                        // Probabilities are written only where the label model decides.
                        for (int i = 0; model != null && i < probability.length; i++) {
                            probability[i] = (float) model.probability(ballot.pattern[i]);
                        }
                        synchronized (filter) {
                            for (int i = 0; i < count; i++) {
                                filter.set(from + i, keep[i]);
                            }
                            if (out != null) {
                                out.put(from, FloatBuffer.wrap(probability));
                            }
                        }
                    })
                    .forEach(ballot -> Arrays.setAll(kept, epoch -> kept[epoch] + ballot.kept[epoch]));
            if (out != null) {
                out.commit();
            }
        }
        return filter.build();
    }
}
