package org.gradmimic;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.internal.DeviceArray;
import org.gradmimic.internal.OneThread;
import org.gradmimic.kernel.OpenResources;

/**
 * A ring of (id, score, weight, loss) in the memory of the device that trains. The kernels write to it directly, and it
 * is drained in large blocks, outside of the steps. Repetitions of a sample are kept.
 *
 * <p>On a device, this is where non-finite samples are first reported, when the table is drained: their score or loss
 * is NaN.
 */
public final class ScoreTable implements AutoCloseable {
    /** Receives the results of one step, the oldest step first. The table owns the arrays: copy what is kept. */
    @FunctionalInterface
    public interface Sink {
        /**
         * @param epoch as given to {@link #position}
         * @param step as given to {@link #position}
         * @param ids [count] the caller's sample ids
         * @param score [count] raw scores; NaN if not finite, or if the mode has none
         * @param weight [count] the weights used
         * @param loss [count] ℓ_i before the step
         */
        void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count);
    }

    /** The place that a step of {@code count} samples writes to. */
    record Slot(int epoch, long step, int offset, int count) {}

    private final int capacity;
    private final Sink sink;
    private final Device device;
    private final DeviceArray<LongPointer> ids;
    private final DeviceArray<FloatPointer> score;
    private final DeviceArray<FloatPointer> weight;
    private final DeviceArray<FloatPointer> loss;
    private final List<Slot> slots = new ArrayList<>();
    private int used;
    private int epoch;
    private long step;
    private final OneThread thread = new OneThread("this score table");
    private boolean closed;

    /** A table for a model on the CPU; see the other constructor. */
    public ScoreTable(int capacity, Sink sink) {
        this(Device.CPU, capacity, sink);
    }

    /**
     * @param device of the model
     * @param capacity the number of samples kept before they are drained; at least one batch
     * @param sink receives the samples
     */
    public ScoreTable(Device device, int capacity, Sink sink) {
        if (capacity < 1) throw new InvalidArgumentException("a score table of capacity " + capacity);
        this.capacity = capacity;
        this.sink = sink;
        this.device = device;
        ids = DeviceArray.longs(device, capacity);
        score = DeviceArray.floats(device, capacity);
        weight = DeviceArray.floats(device, capacity);
        loss = DeviceArray.floats(device, capacity);
        OpenResources.opened();
    }

    /** Sets the epoch and number of the next step. Later steps are counted from there. */
    public void position(int epoch, long step) {
        this.epoch = epoch;
        this.step = step;
    }

    /** A step begins that writes here; {@link #leave()} ends it. */
    void enter() {
        thread.enter();
    }

    void leave() {
        thread.leave();
    }

    /** Reserves space for a batch. If there is not enough, the table is drained first. */
    Slot reserve(int count) {
        requireOpen();
        if (count > capacity) {
            throw new InvalidArgumentException(
                    "a batch of " + count + " samples does not fit into a score table of " + capacity);
        }
        if (used + count > capacity) drainAlone();
        Slot slot = new Slot(epoch, step++, used, count);
        slots.add(slot);
        used += count;
        return slot;
    }

    /**
     * Adds a batch whose numbers are on this device, or are copied to it.
     *
     * @param ids [n] long
     * @param scores [n], like {@code weights} and {@code losses}; float or double
     */
    public void append(Tensor ids, Tensor scores, Tensor weights, Tensor losses) {
        thread.enter();
        try {
            appendAlone(ids, scores, weights, losses);
        } finally {
            thread.leave();
        }
    }

    private void appendAlone(Tensor ids, Tensor scores, Tensor weights, Tensor losses) {
        Tensors.requireLong("ids", ids);
        Tensors.requireRank("ids", ids, "[n]", 1);
        Tensors.requireThere("scores", scores);
        Tensors.requireShape("scores", scores, ids.size(0));
        Tensors.requireThere("weights", weights);
        Tensors.requireShape("weights", weights, ids.size(0));
        Tensors.requireThere("losses", losses);
        Tensors.requireShape("losses", losses, ids.size(0));
        Slot slot = reserve(Math.toIntExact(ids.size(0)));
        putIds(slot, ids);
        score.put(slot.offset(), scores);
        weight.put(slot.offset(), weights);
        loss.put(slot.offset(), losses);
    }

    /** Removes the newest slot, whose step failed. */
    void abandon(Slot slot) {
        if (slots.remove(slot)) used = slot.offset();
    }

    /**
     * Checks that the table is on the same device as the steps.
     *
     * @throws InvalidArgumentException that names both devices
     */
    public void require(Device ofSteps) {
        if (device.kind() == ofSteps.kind() && device.index() == ofSteps.index()) return;
        throw new InvalidArgumentException("the score table is on " + device + ", the steps are on " + ofSteps);
    }

    /** Sets the ids of a slot. */
    void putIds(Slot slot, Tensor longs) {
        ids.put(slot.offset(), longs);
    }

    FloatPointer score(Slot slot) {
        return score.at(slot.offset());
    }

    FloatPointer weight(Slot slot) {
        return weight.at(slot.offset());
    }

    FloatPointer loss(Slot slot) {
        return loss.at(slot.offset());
    }

    /**
     * Passes everything to the sink, in order, and empties the table. If the sink throws, the step it received and
     * those after it stay in the table, and the next call passes them on. Steps before it were delivered and are not
     * repeated.
     */
    public void drain() {
        thread.enter();
        try {
            drainAlone();
        } finally {
            thread.leave();
        }
    }

    private void drainAlone() {
        requireOpen();
        if (slots.isEmpty()) return;
        int longest = slots.stream().mapToInt(Slot::count).max().orElse(0);
        long[] allIds = ids.longs(0, used);
        float[] allScores = score.floats(0, used);
        float[] allWeights = weight.floats(0, used);
        float[] allLosses = loss.floats(0, used);
        long[] idBlock = new long[longest];
        float[] scoreBlock = new float[longest];
        float[] weightBlock = new float[longest];
        float[] lossBlock = new float[longest];
        int delivered = 0;
        try {
            for (Slot slot : slots) {
                int n = slot.count();
                System.arraycopy(allIds, slot.offset(), idBlock, 0, n);
                System.arraycopy(allScores, slot.offset(), scoreBlock, 0, n);
                System.arraycopy(allWeights, slot.offset(), weightBlock, 0, n);
                System.arraycopy(allLosses, slot.offset(), lossBlock, 0, n);
                sink.accept(slot.epoch(), slot.step(), idBlock, scoreBlock, weightBlock, lossBlock, n);
                delivered++;
            }
        } finally {
            slots.subList(0, delivered).clear();
            if (slots.isEmpty()) used = 0;
        }
    }

    private void requireOpen() {
        if (closed) throw new InvalidStateException("this score table is closed");
    }

    /** Frees the memory. Results that were not drained are lost, so that a failing run can close the table safely. */
    @Override
    public void close() {
        thread.enter();
        try {
            closeAlone();
        } finally {
            thread.leave();
        }
    }

    private void closeAlone() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        for (DeviceArray<?> array : List.of(ids, score, weight, loss)) array.close();
    }
}
