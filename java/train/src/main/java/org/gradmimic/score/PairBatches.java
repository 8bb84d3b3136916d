package org.gradmimic.score;

import java.util.ArrayList;
import java.util.List;

/**
 * The batches of a shard, which depend on nothing but the shard and the batch size. All have the same size but the last
 * two, which share what is left of the shard: a contrastive loss over few pairs cannot be compared with one over many.
 */
final class PairBatches {
    private final PairReader pairs;
    private final int size;
    private List<Pair> waiting = new ArrayList<>();
    private boolean ended;

    PairBatches(PairReader pairs, int size) {
        this.pairs = pairs;
        this.size = size;
    }

    /** The next batch; empty at the end. */
    List<Pair> next() {
        while (!ended && waiting.size() < 2 * size) {
            Pair pair = pairs.next();
            if (pair == null) ended = true;
            else waiting.add(pair);
        }
        int left = waiting.size();
        int count = left <= size ? left : left < 2 * size ? (left + 1) / 2 : size;
        List<Pair> batch = new ArrayList<>(waiting.subList(0, count));
        waiting = new ArrayList<>(waiting.subList(count, left));
        return batch;
    }
}
