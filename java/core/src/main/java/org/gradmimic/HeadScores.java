package org.gradmimic;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/** The results of a {@link HeadScorer} for a block of rows, in host memory that the next block reuses. */
public final class HeadScores implements AutoCloseable {
    private final int capacity;
    private final FloatPointer scores;
    private final @Nullable FloatPointer gradientNorms;
    private final @Nullable FloatPointer losses;
    private int rows;
    private boolean closed;

    private HeadScores(Builder settings) {
        capacity = settings.capacity;
        scores = floats();
        gradientNorms = settings.gradientNorms ? floats() : null;
        losses = settings.losses ? floats() : null;
        OpenResources.opened();
    }

    private FloatPointer floats() {
        return Memory.detached(new FloatPointer(Math.max(1, capacity)));
    }

    /**
     * A builder of memory for blocks of at most this many rows.
     *
     * @throws InvalidArgumentException for a negative number
     */
    public static Builder builder(int capacity) {
        return new Builder(capacity);
    }

    /** Collects the results that are wanted for each row; by default only scores. */
    public static final class Builder {
        private final int capacity;
        private boolean gradientNorms;
        private boolean losses;

        private Builder(int capacity) {
            if (capacity < 0) throw new InvalidArgumentException("memory for " + capacity + " rows");
            this.capacity = capacity;
        }

        /** Adds ‖g_i‖, the norm of the gradient of a row's own loss with respect to the weight. */
        public Builder gradientNorms() {
            gradientNorms = true;
            return this;
        }

        /** Adds ℓ_i, the cross-entropy of a row. */
        public Builder losses() {
            losses = true;
            return this;
        }

        /** Allocates the memory. The caller closes it. */
        public HeadScores build() {
            return new HeadScores(this);
        }
    }

    /** Begins a block. */
    void begin(int rows) {
        requireOpen();
        if (rows > capacity) {
            throw new InvalidArgumentException(
                    "a block of " + rows + " rows does not fit into memory for " + capacity + " rows");
        }
        this.rows = rows;
    }

    FloatPointer scorePointer() {
        return scores;
    }

    @Nullable
    FloatPointer gradientNormPointer() {
        return gradientNorms;
    }

    @Nullable
    FloatPointer lossPointer() {
        return losses;
    }

    /** The raw scores ⟨−g_i, V⟩/‖V‖ of the last block, one for each row; NaN if not finite. A copy. */
    public float[] scores() {
        return copy("scores", scores);
    }

    /**
     * ‖g_i‖ of the last block. A copy.
     *
     * @throws InvalidStateException if they were not requested
     */
    public float[] gradientNorms() {
        return copy("gradient norms", gradientNorms);
    }

    /**
     * ℓ_i of the last block. A copy.
     *
     * @throws InvalidStateException if they were not requested
     */
    public float[] losses() {
        return copy("losses", losses);
    }

    private float[] copy(String what, @Nullable FloatPointer column) {
        requireOpen();
        if (column == null) throw new InvalidStateException("no " + what + " were asked for");
        float[] values = new float[rows];
        column.get(values, 0, rows);
        return values;
    }

    private void requireOpen() {
        if (closed) throw new InvalidStateException("these scores are closed");
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        for (Pointer pointer : new Pointer[] {scores, gradientNorms, losses}) {
            if (pointer != null) pointer.deallocate();
        }
    }
}
