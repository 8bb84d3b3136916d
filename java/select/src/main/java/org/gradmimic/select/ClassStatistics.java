package org.gradmimic.select;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.IntFunction;
import java.util.function.LongConsumer;
import org.gradmimic.base.InputException;
import org.gradmimic.io.Blocks;
import org.gradmimic.select.score.Classes;
import org.gradmimic.select.score.Scores;

/** Collects order-independent statistics of every class in an epoch. */
final class ClassStatistics {

    private final Scores scores;
    private final Classes classes;
    private final Blocks blocks;
    private final LongConsumer progress;

    ClassStatistics(Scores scores, Classes classes, Blocks blocks, LongConsumer progress) {
        this.scores = scores;
        this.classes = classes;
        this.blocks = blocks;
        this.progress = progress;
    }

    /** Adds a value to statistics. */
    interface Adder<S> {
        void add(S statistics, float value);
    }

    /** The state of one thread. */
    private record Worker<S>(List<S> ofClass, float[] values, int[] labels) {}

    /**
     * Traverses an epoch once.
     *
     * @param empty creates the statistics of a class, before any value
     * @return [C]
     * @throws InputException if a value is infinite; names epoch and sample
     */
    <S> List<S> collect(int epoch, IntFunction<S> empty, Adder<S> adder, BinaryOperator<S> merge) {
        List<Worker<S>> workers = blocks.run(
                scores.samples(),
                () -> new Worker<>(all(empty), new float[Blocks.BLOCK], new int[Blocks.BLOCK]),
                (worker, from, count) -> {
                    scores.read(epoch, from, count, worker.values);
                    classes.read(from, count, worker.labels);
                    for (int i = 0; i < count; i++) {
                        float value = worker.values[i];
                        Scores.requireFinite(value, epoch, from + i);
                        adder.add(worker.ofClass.get(worker.labels[i]), value);
                    }
                    progress.accept(count);
                });
        List<S> merged = workers.get(0).ofClass;
        for (Worker<S> worker : workers.subList(1, workers.size())) {
            for (int c = 0; c < merged.size(); c++) {
                merged.set(c, merge.apply(merged.get(c), worker.ofClass.get(c)));
            }
        }
        return merged;
    }

    private <S> List<S> all(IntFunction<S> empty) {
        List<S> ofClass = new ArrayList<>();
        for (int c = 0; c < classes.count(); c++) {
            ofClass.add(empty.apply(c));
        }
        return ofClass;
    }
}
