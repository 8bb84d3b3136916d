package org.gradmimic.spark;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.labelmodel.VotePatterns;
import org.gradmimic.select.vote.Binarization;
import org.gradmimic.select.vote.Binarizer;
import org.gradmimic.select.vote.Cut;
import org.gradmimic.select.vote.Decision;
import org.gradmimic.select.vote.Refinement;
import org.gradmimic.select.vote.ValueCounts;
import org.gradmimic.select.vote.ValueStatistics;

/**
 * Passes over the blocks that return statistics, never samples. The results of tasks are merged on the way to the
 * driver. Statistics are exact integers, so the order does not matter, and neither does a part that was computed twice
 * because an executor was lost.
 */
final class BlockPasses {

    private final JavaSparkContext spark;
    private final JavaRDD<ScoreBlock> blocks;

    /** @param blocks persisted by Spark, since every pass traverses all of them */
    BlockPasses(JavaSparkContext spark, JavaRDD<ScoreBlock> blocks) {
        this.spark = spark;
        this.blocks = blocks;
    }

    /**
     * Makes one pass.
     *
     * @param partial computes the statistics of one block
     * @param merge merges two statistics; may modify and return the first
     */
    <S> S reduce(Function<ScoreBlock, S> partial, Function2<S, S, S> merge) {
        return blocks.map(partial).treeReduce(merge);
    }

    /** {@return [E] how many samples each epoch would keep} */
    long[] keepVotes(List<Cut> cuts) {
        return reduce(block -> keepVotes(block, cuts), (a, b) -> {
            for (int epoch = 0; epoch < a.length; epoch++) {
                a[epoch] += b[epoch];
            }
            return a;
        });
    }

    /** {@return how often each pattern of votes occurs} */
    VotePatterns patterns(List<Cut> cuts) {
        return reduce(block -> patterns(block, cuts), VotePatterns::merge);
    }

    /** {@return how many samples are kept} */
    long kept(SampleRule rule) {
        return reduce(block -> kept(block, rule), Long::sum);
    }

    /**
     * Compares the filter with the truth.
     *
     * @param truth bool [N]: which samples are worth keeping
     */
    Detection detection(SampleRule rule, NpyRange truth) {
        Broadcast<SerializableConfiguration> hadoop = Hadoop.broadcast(spark);
        return reduce(block -> detection(block, rule, truth, hadoop.value().value()), Detection::plus);
    }

    /** The statistics and the decisions of a rule. */
    record Ruled(List<ValueStatistics> statistics, List<Decision> decisions) {}

    /**
     * Applies a rule to every epoch separately.
     *
     * @return [E]
     */
    Ruled decide(Binarizer binarizer) {
        List<ValueStatistics> statistics = reduce(BlockPasses::statistics, (a, b) -> {
            for (int epoch = 0; epoch < a.size(); epoch++) {
                a.get(epoch).merge(b.get(epoch));
            }
            return a;
        });
        List<Binarization> running = statistics.stream().map(binarizer::begin).toList();
        for (List<Refinement> needs = needs(running); !isEmpty(needs); needs = needs(running)) {
            List<ValueCounts> counts = counts(needs);
            for (int epoch = 0; epoch < running.size(); epoch++) {
                if (!needs.get(epoch).isEmpty()) {
                    running.get(epoch).refine(counts.get(epoch));
                }
            }
        }
        return new Ruled(
                statistics, running.stream().map(Binarization::decision).toList());
    }

    private List<ValueCounts> counts(List<Refinement> needs) {
        Broadcast<List<Refinement>> shared = spark.broadcast(needs);
        try {
            return reduce(block -> counts(block, shared.value()), (a, b) -> {
                for (int epoch = 0; epoch < a.size(); epoch++) {
                    a.get(epoch).merge(b.get(epoch));
                }
                return a;
            });
        } finally {
            shared.unpersist();
        }
    }

    private static List<Refinement> needs(List<Binarization> running) {
        return running.stream().map(Binarization::needs).toList();
    }

    private static boolean isEmpty(List<Refinement> needs) {
        return needs.stream().allMatch(Refinement::isEmpty);
    }

    private static List<ValueStatistics> statistics(ScoreBlock block) {
        List<ValueStatistics> statistics = new ArrayList<>();
        for (float[] values : block.values()) {
            ValueStatistics of = new ValueStatistics();
            for (float value : values) {
                of.add(value);
            }
            statistics.add(of);
        }
        return statistics;
    }

    private static List<ValueCounts> counts(ScoreBlock block, List<Refinement> needs) {
        List<ValueCounts> counts = needs.stream().map(ValueCounts::new).toList();
        for (int epoch = 0; epoch < counts.size(); epoch++) {
            if (!needs.get(epoch).isEmpty()) {
                ValueCounts of = counts.get(epoch);
                for (float value : block.values()[epoch]) {
                    of.add(value);
                }
            }
        }
        return counts;
    }

    private static long[] keepVotes(ScoreBlock block, List<Cut> cuts) {
        long[] votes = new long[cuts.size()];
        for (int epoch = 0; epoch < votes.length; epoch++) {
            Cut cut = cuts.get(epoch);
            for (float value : block.values()[epoch]) {
                if (!Float.isNaN(value) && cut.keeps(value)) {
                    votes[epoch]++;
                }
            }
        }
        return votes;
    }

    private static VotePatterns patterns(ScoreBlock block, List<Cut> cuts) {
        VotePatterns patterns = new VotePatterns(cuts.size());
        for (int i = 0; i < block.samples(); i++) {
            patterns.add(SampleRule.pattern(cuts, block.values(), i));
        }
        return patterns;
    }

    private static Detection detection(ScoreBlock block, SampleRule rule, NpyRange truth, Configuration hadoop) {
        boolean[] keep = new boolean[block.samples()];
        boolean[] mislabelled = new boolean[keep.length];
        ByteBuffer worth = truth.read(block.first(), keep.length, hadoop);
        for (int i = 0; i < keep.length; i++) {
            keep[i] = rule.keeps(block.values(), i);
            mislabelled[i] = worth.get(i) == 0;
        }
        return Detection.of(keep, mislabelled);
    }

    private static long kept(ScoreBlock block, SampleRule rule) {
        long kept = 0;
        for (int i = 0; i < block.samples(); i++) {
            if (rule.keeps(block.values(), i)) {
                kept++;
            }
        }
        return kept;
    }
}
