package org.gradmimic.select;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import org.gradmimic.io.Blocks;
import org.gradmimic.select.score.Classes;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.vote.Binarization;
import org.gradmimic.select.vote.Binarizer;
import org.gradmimic.select.vote.Cut;
import org.gradmimic.select.vote.Decision;
import org.gradmimic.select.vote.ValueCounts;
import org.gradmimic.select.vote.ValueStatistics;

/** The rules of all epochs and classes, computed in passes over the scores. */
final class EpochRules {

    /** The number of sets of statistics in memory at once, unless a single epoch needs more. */
    private static final int SETS = 64;

    private final int epochs;
    private final int classCount;
    private final Binarizer binarizer;
    private final Blocks blocks;
    private final ClassStatistics passes;
    /** [e · C + c] */
    private final Decision[] decisions;
    /** [e], of all classes together */
    private final long[] seen;

    private final double[] mean;

    EpochRules(Scores scores, Classes classes, Binarizer binarizer, Blocks blocks, LongConsumer progress) {
        this.binarizer = binarizer;
        this.blocks = blocks;
        epochs = scores.epochs();
        classCount = classes.count();
        passes = new ClassStatistics(scores, classes, blocks, progress);
        decisions = new Decision[epochs * classCount];
        seen = new long[epochs];
        mean = new double[epochs];
        int together = Math.max(1, SETS / Math.max(1, classCount));
        for (int epoch = 0; epoch < epochs; epoch += together) {
            decide(epoch, Math.min(epochs, epoch + together));
        }
        EpochVotes.requireValues(seen, scores.samples());
    }

    /** Decides several epochs together, so that all threads have rules to compute. */
    private void decide(int from, int to) {
        List<ValueStatistics> statistics = new ArrayList<>();
        for (int epoch = from; epoch < to; epoch++) {
            List<ValueStatistics> ofEpoch =
                    passes.collect(epoch, c -> new ValueStatistics(), ValueStatistics::add, ValueStatistics::merge);
            ValueStatistics all = ofEpoch.size() == 1
                    ? ofEpoch.get(0)
                    : ofEpoch.stream().reduce(new ValueStatistics(), ValueStatistics::merge);
            seen[epoch] = all.count();
            mean[epoch] = all.mean();
            statistics.addAll(ofEpoch);
        }
        Binarization[] running = new Binarization[statistics.size()];
        blocks.forEach(running.length, i -> running[i] = binarizer.begin(statistics.get(i)));
        for (int epoch = from; epoch < to; epoch++) {
            int first = (epoch - from) * classCount;
            refine(epoch, Arrays.asList(running).subList(first, first + classCount));
        }
        for (int i = 0; i < running.length; i++) {
            decisions[from * classCount + i] = running[i].decision();
        }
    }

    private void refine(int epoch, List<Binarization> running) {
        while (running.stream().anyMatch(b -> !b.needs().isEmpty())) {
            List<ValueCounts> counts = passes.collect(
                    epoch, c -> new ValueCounts(running.get(c).needs()), ValueCounts::add, ValueCounts::merge);
            blocks.forEach(classCount, c -> {
                if (!running.get(c).needs().isEmpty()) {
                    running.get(c).refine(counts.get(c));
                }
            });
        }
    }

    /** {@return [E][C]} */
    Cut[][] cuts() {
        Cut[][] cuts = new Cut[epochs][classCount];
        for (int i = 0; i < decisions.length; i++) {
            cuts[i / classCount][i % classCount] = decisions[i].cut();
        }
        return cuts;
    }

    /** The votes of the epochs, given how many votes to keep each has cast. */
    List<EpochVotes> votes(long[] kept) {
        List<EpochVotes> votes = new ArrayList<>();
        for (int epoch = 0; epoch < epochs; epoch++) {
            Decision[] ofEpoch = Arrays.copyOfRange(decisions, epoch * classCount, (epoch + 1) * classCount);
            votes.add(new EpochVotes(seen[epoch], mean[epoch], kept[epoch], List.of(ofEpoch)));
        }
        return List.copyOf(votes);
    }
}
