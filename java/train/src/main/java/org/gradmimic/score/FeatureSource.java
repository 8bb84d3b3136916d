package org.gradmimic.score;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.HeadScorer;
import org.gradmimic.HeadScores;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyLabels;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a feature file, scored by the weight of a linear head. Features are read once, in blocks.
 * Memory use does not grow with the number of rows.
 */
public final class FeatureSource implements ScoreSource {
    /**
     * The largest number of bytes of features in a block: enough to keep all threads busy, few enough to stay in
     * memory, whose native part JavaCPP limits to the size of the Java heap.
     */
    private static final long BLOCK_BYTES = 16L << 20;

    /** The largest number of rows in a block. */
    static final int MAX_BLOCK_ROWS = 1 << 16;

    private final NpyFile features;
    private final NpyLabels labels;
    private final long classes;
    private final int blockRows;
    private final HeadScorer scorer;
    private final double[] directionNorms;
    private final LongPointer labelBlock;
    private final HeadScores found;
    /** Rows of features as they are in the file, or as float32 where the file has float64. */
    private final BytePointer rows;

    private long from;

    private FeatureSource(Builder builder, Tensor reference) {
        features = builder.features;
        labels = builder.labels;
        check(builder, reference);
        classes = builder.weight.size(0);
        long rowBytes = Math.max(1, features.rowElements() * Float.BYTES);
        blockRows = (int) Math.max(1, Math.min(Math.min(builder.maxBlockRows, count()), BLOCK_BYTES / rowBytes));
        HeadScorer.Builder head = HeadScorer.builder(builder.weight).reference(reference);
        scorer = (builder.bias == null ? head : head.bias(builder.bias)).build();
        directionNorms = new double[] {Math.sqrt(scorer.direction().normSquared())};
        labelBlock = Memory.detached(new LongPointer(blockRows));
        found = HeadScores.builder(blockRows).gradientNorms().losses().build();
        int width = features.type() == NpyType.FLOAT16 ? Short.BYTES : Float.BYTES;
        rows = Memory.detached(new BytePointer(blockRows * features.rowElements() * width));
    }

    /**
     * A builder of a source that scores features by a head.
     *
     * @param features [N,D] f2, f4 or f8; the caller closes both files after the source
     * @param labels N of them, in [0,C)
     * @param weight [C,D] float, the head's weight; scores are computed on its device
     */
    public static Builder builder(NpyFile features, NpyLabels labels, Tensor weight) {
        return new Builder(features, labels, weight);
    }

    /** Collects the parts of a source. The reference is required. */
    public static final class Builder {
        private final NpyFile features;
        private final NpyLabels labels;
        private final Tensor weight;
        private @Nullable Tensor bias;
        private @Nullable Tensor reference;
        private int maxBlockRows = MAX_BLOCK_ROWS;

        private Builder(NpyFile features, NpyLabels labels, Tensor weight) {
            this.features = features;
            this.labels = labels;
            this.weight = weight;
        }

        /** @param bias [C] float; if this is not called, the head has no bias */
        public Builder bias(Tensor bias) {
            this.bias = bias;
            return this;
        }

        /** @param reference [C,D] float, the reference head's weight */
        public Builder reference(Tensor reference) {
            this.reference = reference;
            return this;
        }

        /** @param rows the largest number of rows in a block */
        Builder maxBlockRows(int rows) {
            maxBlockRows = rows;
            return this;
        }

        /**
         * Builds the source.
         *
         * @throws InputException if a file or an argument does not fit; the message names it and what was expected
         * @throws InvalidArgumentException without a reference
         */
        public FeatureSource build() {
            if (reference == null) throw new InvalidArgumentException("there is no reference weight");
            return new FeatureSource(this, reference);
        }
    }

    private static void check(Builder r, Tensor reference) {
        r.features.requireRank(2);
        requireType(r.features, r.features.type().isFloating(), "floating-point numbers (f2, f4 or f8)");
        r.labels.requireSamples(r.features.rows());
        Path features = r.features.path();
        if (r.weight.dim() != 2 || r.weight.size(1) != r.features.rowElements()) {
            throw new InputException("weight has the shape " + Tensors.shape(r.weight) + ", expected [C, "
                    + r.features.rowElements() + "]: " + features + " has as many features per row");
        }
        if (reference.dim() != 2 || reference.size(0) != r.weight.size(0) || reference.size(1) != r.weight.size(1)) {
            throw new InputException("reference weight has the shape " + Tensors.shape(reference)
                    + ", expected the weight's " + Tensors.shape(r.weight));
        }
        Tensor bias = r.bias;
        if (bias != null && (bias.dim() != 1 || bias.size(0) != r.weight.size(0))) {
            throw new InputException(
                    "bias has the shape " + Tensors.shape(bias) + ", expected [" + r.weight.size(0) + "]");
        }
        requireFinite("weight", r.weight);
        if (bias != null) requireFinite("bias", bias);
        requireFinite("reference weight", reference);
    }

    private static void requireType(NpyFile file, boolean fits, String expected) {
        if (!fits) {
            throw InputException.in(file.path(), "has dtype " + file.type().code() + "; expected " + expected);
        }
    }

    private static void requireFinite(String name, Tensor tensor) {
        long[] index = Tensors.firstNonFinite(tensor);
        if (index != null) throw new InputException(name + " is not finite at " + Arrays.toString(index));
    }

    @Override
    public String name() {
        return features.path().toString();
    }

    @Override
    public long count() {
        return features.rows();
    }

    @Override
    public int references() {
        return 1;
    }

    @Override
    public void check(Weighting.Kind kind, Wanted wanted) {}

    @Override
    public @Nullable Block next(Wanted wanted) {
        if (from >= count()) return null;
        int n = (int) Math.min(blockRows, count() - from);
        readLabels(n);
        score(n);
        long[] ids = new long[n];
        for (int i = 0; i < n; i++) ids[i] = from + i;
        from += n;
        return new Block(
                ids,
                new double[][] {doubles(found.scores())},
                wanted.losses() ? doubles(found.losses()) : new double[0],
                wanted.gradientNorms() ? doubles(found.gradientNorms()) : new double[0]);
    }

    private static double[] doubles(float[] floats) {
        double[] doubles = new double[floats.length];
        for (int i = 0; i < floats.length; i++) doubles[i] = floats[i];
        return doubles;
    }

    private void readLabels(int count) {
        LongBuffer buffer = labelBlock.asByteBuffer().asLongBuffer();
        labels.read(from, from + count, buffer);
        for (int i = 0; i < count; i++) {
            long label = buffer.get(i);
            if (label < 0 || label >= classes) {
                throw InputException.in(
                        labels.path(),
                        "the label of sample " + (from + i) + " is " + label + "; expected 0 to " + (classes - 1)
                                + ", because weight has " + classes + " rows");
            }
        }
    }

    private void score(int count) {
        try (PointerScope scope = new PointerScope()) {
            // Read, not mapped: if another program truncated a mapped file, the system would end the JVM.
            ByteBuffer block = rows.asByteBuffer();
            if (features.type() == NpyType.FLOAT64) {
                features.readFloats(from, from + count, block.asFloatBuffer());
            } else {
                features.read(from, from + count, block);
            }
            ScalarType type = features.type() == NpyType.FLOAT16 ? ScalarType.Half : ScalarType.Float;
            scorer.score(
                    view(rows, type, count, features.rowElements()), view(labelBlock, ScalarType.Long, count), found);
        } catch (InvalidArgumentException e) {
            throw new InputException(
                    features.path() + " and " + labels.path() + ", rows from " + from + ": " + e.getMessage(), e);
        }
    }

    private static Tensor view(Pointer memory, ScalarType type, long... shape) {
        return torch.from_blob(memory, shape, new TensorOptions(type));
    }

    @Override
    public double[] directionNorms() {
        return directionNorms.clone();
    }

    /** Frees the head and the buffers. A second call does nothing. */
    @Override
    public void close() {
        scorer.close();
        found.close();
        for (Pointer pointer : new Pointer[] {labelBlock, rows}) {
            pointer.deallocate();
        }
    }
}
