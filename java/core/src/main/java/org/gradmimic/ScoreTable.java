package org.gradmimic;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.gradmimic.kernel.Memory;
import org.gradmimic.kernel.OpenResources;

/**
 * A ring of (id, score, weight, loss) that the kernels write to directly and that is drained in large blocks, off the
 * step's path. Repeats of a sample are kept.
 */
public final class ScoreTable implements AutoCloseable {
    /** Receives what one step scored, oldest step first. The arrays belong to the table: copy what is kept. */
    @FunctionalInterface
    public interface Sink {
        /**
         * @param epoch as given to {@link #position}
         * @param step as given to {@link #position}
         * @param ids [count] the caller's sample ids
         * @param score [count] raw scores; NaN where not finite or where the mode has none
         * @param weight [count] the weights used
         * @param loss [count] ℓ_i before the step
         */
        void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count);
    }

    /** Where a step of {@code count} samples writes. */
    record Slot(int epoch, long step, int offset, int count) {}

    private final int capacity;
    private final Sink sink;
    private final LongPointer ids;
    private final FloatPointer score;
    private final FloatPointer weight;
    private final FloatPointer loss;
    private final List<Slot> slots = new ArrayList<>();
    private int used;
    private int epoch;
    private long step;
    private boolean closed;

    /**
     * @param capacity samples kept before they are drained; at least one batch
     * @param sink receives them
     */
    public ScoreTable(int capacity, Sink sink) {
        if (capacity < 1) throw new IllegalArgumentException("a score table of capacity " + capacity);
        this.capacity = capacity;
        this.sink = sink;
        ids = Memory.detached(new LongPointer(capacity));
        score = Memory.detached(new FloatPointer(capacity));
        weight = Memory.detached(new FloatPointer(capacity));
        loss = Memory.detached(new FloatPointer(capacity));
        OpenResources.opened();
    }

    /** Names the step that comes next; later steps count on from here. */
    public void position(int epoch, long step) {
        this.epoch = epoch;
        this.step = step;
    }

    /** Room for a batch; drains the table if there is none left. */
    Slot reserve(int count) {
        requireOpen();
        if (count > capacity) {
            throw new IllegalArgumentException(
                    "a batch of " + count + " samples does not fit into a score table of " + capacity);
        }
        if (used + count > capacity) drain();
        Slot slot = new Slot(epoch, step++, used, count);
        slots.add(slot);
        used += count;
        return slot;
    }

    /**
     * Adds a batch whose numbers are on the host.
     *
     * @param ids [n]
     * @param scores [n]
     * @param weights [n]
     * @param losses [n]
     */
    public void append(long[] ids, double[] scores, float[] weights, double[] losses) {
        Slot slot = reserve(ids.length);
        ids(slot).put(ids);
        weight(slot).put(weights);
        for (int i = 0; i < ids.length; i++) {
            score.put(slot.offset() + i, (float) scores[i]);
            loss.put(slot.offset() + i, (float) losses[i]);
        }
    }

    /** Takes back the newest slot, whose step failed. */
    void abandon(Slot slot) {
        if (slots.remove(slot)) used = slot.offset();
    }

    /** The slot's ids become these. */
    void putIds(Slot slot, Pointer longs) {
        Pointer.memcpy(ids.getPointer(slot.offset()), longs, 8L * slot.count());
    }

    FloatPointer score(Slot slot) {
        return score.getPointer(slot.offset());
    }

    FloatPointer weight(Slot slot) {
        return weight.getPointer(slot.offset());
    }

    FloatPointer loss(Slot slot) {
        return loss.getPointer(slot.offset());
    }

    LongPointer ids(Slot slot) {
        return ids.getPointer(slot.offset());
    }

    /**
     * Hands everything to the sink, in order, and empties the table. If the sink throws, the step it was given and those
     * after it stay, to be handed over by the next call; those before it were delivered and do not come again.
     */
    public void drain() {
        requireOpen();
        int longest = slots.stream().mapToInt(Slot::count).max().orElse(0);
        long[] idBlock = new long[longest];
        float[] scoreBlock = new float[longest];
        float[] weightBlock = new float[longest];
        float[] lossBlock = new float[longest];
        int delivered = 0;
        try {
            for (Slot slot : slots) {
                int n = slot.count();
                ids.position(slot.offset()).get(idBlock, 0, n);
                score.position(slot.offset()).get(scoreBlock, 0, n);
                weight.position(slot.offset()).get(weightBlock, 0, n);
                loss.position(slot.offset()).get(lossBlock, 0, n);
                rewind();
                sink.accept(slot.epoch(), slot.step(), idBlock, scoreBlock, weightBlock, lossBlock, n);
                delivered++;
            }
        } finally {
            slots.subList(0, delivered).clear();
            if (slots.isEmpty()) used = 0;
        }
    }

    private void rewind() {
        ids.position(0);
        score.position(0);
        weight.position(0);
        loss.position(0);
    }

    private void requireOpen() {
        if (closed) throw new IllegalStateException("this score table is closed");
    }

    /** Frees the memory; what was not drained is lost, so that a failing run can close it safely. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        for (Pointer pointer : List.of(ids, score, weight, loss)) pointer.deallocate();
    }
}
