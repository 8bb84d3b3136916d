package org.gradmimic.score;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongConsumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.HeadScorer;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.kernel.Descriptors.Dtype;
import org.jspecify.annotations.Nullable;

/**
 * Scores every row of a feature file and writes one float a row. Features are mapped and read once, in blocks; memory does
 * not grow with their number. Kinds that look at a whole batch (the softmax, opt with λ > 0) take a second pass over the
 * scores alone; opt with λ > 0 holds a batch's scores in memory.
 */
public final class FeatureScoring {
    /** Bytes of features a block has at most: enough to keep all threads busy, little enough to stay in memory. */
    private static final long BLOCK_BYTES = 64L << 20;

    /** Rows a block has at most. */
    static final int MAX_BLOCK_ROWS = 1 << 16;

    private static final int NAMED = 10;

    /**
     * What to score.
     *
     * @param features [N,D] f2, f4 or f8
     * @param labels [N] integers in [0,C)
     * @param weight [C,D] float, the head's weight
     * @param bias [C] float, or null
     * @param reference [C,D] float, the reference head's weight
     * @param kind what is written: {@code proj} and {@code cos} are scores (NaN where not finite), the others weights (0
     *     where not finite)
     * @param temperature τ of the softmax kinds
     * @param lambda λ of opt
     * @param batchSize rows that weigh against each other; 0: all
     */
    public record Request(
            NpyFile features,
            NpyFile labels,
            Tensor weight,
            @Nullable Tensor bias,
            Tensor reference,
            Weighting.Kind kind,
            double temperature,
            double lambda,
            long batchSize) {

        public Request {
            kind.requireOfScores();
        }
    }

    /**
     * What was found.
     *
     * @param rows N
     * @param nonFinite rows without a finite score
     * @param nonFiniteRows the first ten of them
     * @param directionNorm ‖V‖
     */
    public record Summary(long rows, long nonFinite, List<Long> nonFiniteRows, double directionNorm) {}

    private final Request request;
    private final long rows;
    private final int blockRows;
    private final List<Long> nonFiniteRows = new ArrayList<>();
    private long nonFinite;

    private FeatureScoring(Request request, int maxBlockRows) {
        this.request = request;
        rows = request.features().rows();
        long rowBytes = Math.max(1, request.features().rowElements() * 4);
        blockRows = (int) Math.max(1, Math.min(Math.min(maxBlockRows, rows), BLOCK_BYTES / rowBytes));
    }

    /**
     * Refuses a request, or an output, that cannot be served, before anything is read or written.
     *
     * @throws InputException that names the file or the argument and what was expected
     */
    public static void check(Request request, Path out) {
        ScoreFile.check(out);
        check(request);
    }

    /**
     * Scores and writes. Without a row the output has none either.
     *
     * @param out {@code .npy} (float32 [N]) or {@code .parquet} (sample_id, score) by its ending; written atomically
     * @param progress told the rows done so far
     * @throws InputException for files, shapes and labels that do not fit, and if no row, or no row of a batch whose samples
     *     weigh against each other, has a finite score
     */
    public static Summary run(Request request, Path out, LongConsumer progress) {
        return run(request, out, progress, MAX_BLOCK_ROWS);
    }

    /** As above, with blocks of at most so many rows. */
    static Summary run(Request request, Path out, LongConsumer progress, int maxBlockRows) {
        check(request, out);
        boolean parquet = ScoreFile.isParquet(out);
        FeatureScoring scoring = new FeatureScoring(request, maxBlockRows);
        try (PointerScope scope = new PointerScope();
                NpyWriter scores = parquet
                        ? NpyWriter.scratch(out, ".scores", scoring.rows)
                        : NpyWriter.create(out, scoring.rows);
                HeadScorer scorer = scorer(request)) {
            double norm = Math.sqrt(scorer.direction().normSquared());
            scoring.score(scorer, norm, scores, progress);
            if (parquet) {
                ParquetColumns.write(out, scoring.columns(scores));
            } else {
                scores.commit();
            }
            return new Summary(scoring.rows, scoring.nonFinite, List.copyOf(scoring.nonFiniteRows), norm);
        }
    }

    private static HeadScorer scorer(Request request) {
        HeadScorer.Builder builder = HeadScorer.builder(request.weight()).reference(request.reference());
        Tensor bias = request.bias();
        return (bias == null ? builder : builder.bias(bias)).build();
    }

    private static void check(Request r) {
        r.features().requireRank(2);
        requireType(r.features(), r.features().type().isFloating(), "floating-point numbers (f2, f4 or f8)");
        r.labels().requireShape(r.features().rows());
        requireType(r.labels(), r.labels().type().isInteger(), "integers (i1 to i8, u1 to u8)");
        Path features = r.features().path();
        if (r.weight().dim() != 2 || r.weight().size(1) != r.features().rowElements()) {
            throw new InputException("weight has the shape " + Tensors.shape(r.weight()) + ", expected [C, "
                    + r.features().rowElements() + "]: " + features + " has as many features a row");
        }
        if (r.reference().dim() != 2
                || r.reference().size(0) != r.weight().size(0)
                || r.reference().size(1) != r.weight().size(1)) {
            throw new InputException("reference weight has the shape " + Tensors.shape(r.reference())
                    + ", expected the weight's " + Tensors.shape(r.weight()));
        }
        if (r.bias() != null
                && (r.bias().dim() != 1 || r.bias().size(0) != r.weight().size(0))) {
            throw new InputException("bias has the shape " + Tensors.shape(r.bias()) + ", expected ["
                    + r.weight().size(0) + "]");
        }
        requireFinite("weight", r.weight());
        requireFinite("bias", r.bias());
        requireFinite("reference weight", r.reference());
        if (r.batchSize() < 0) {
            throw new InputException("the batch size is " + r.batchSize() + "; it must be positive, or 0 for all");
        }
    }

    private static void requireType(NpyFile file, boolean fits, String expected) {
        if (!fits) {
            throw InputException.in(file.path(), "has dtype " + file.type().code() + "; expected " + expected);
        }
    }

    private static void requireFinite(String name, @Nullable Tensor tensor) {
        long[] index = tensor == null ? null : Tensors.firstNonFinite(tensor);
        if (index != null) throw new InputException(name + " is not finite at " + Arrays.toString(index));
    }

    private boolean couplesSamples() {
        return switch (request.kind()) {
            case PROJ, COS -> false;
            case NORMED_PROJ, NORMED_COS -> true;
            case OPT -> request.lambda() > 0;
            default -> throw new AssertionError(request.kind()); // the request has checked it
        };
    }

    private void score(HeadScorer scorer, double norm, NpyWriter scores, LongConsumer progress) {
        boolean opt = request.kind() == Weighting.Kind.OPT && couplesSamples();
        if (!opt) {
            readFeatures(scorer, norm, scores, null, progress);
            requireAnyFinite();
            if (couplesSamples()) new BatchWeights(request, norm, scores, null).run();
            return;
        }
        try (NpyWriter norms = NpyWriter.scratch(scores.path(), ".norms", rows)) {
            readFeatures(scorer, norm, scores, norms, progress);
            requireAnyFinite();
            new BatchWeights(request, norm, scores, norms).run();
        }
    }

    private void requireAnyFinite() {
        if (rows > 0 && nonFinite == rows) {
            throw InputException.in(request.features().path(), "none of its " + rows + " rows has a finite score");
        }
    }

    /** The one pass over the features: scores (cos and free opt in their final form), and norms where they are wanted. */
    private void readFeatures(
            HeadScorer scorer, double norm, NpyWriter scores, @Nullable NpyWriter norms, LongConsumer progress) {
        float[] scoreBlock = new float[blockRows];
        float[] normBlock = new float[blockRows];
        try (PointerScope scope = new PointerScope()) {
            LongPointer labels = new LongPointer(blockRows);
            FloatPointer score = new FloatPointer(blockRows);
            FloatPointer gradientNorm = new FloatPointer(blockRows);
            FloatPointer converted = request.features().type() == NpyType.FLOAT64
                    ? new FloatPointer((long) blockRows * request.features().rowElements())
                    : null;
            for (long from = 0; from < rows; from += blockRows) {
                int count = (int) Math.min(blockRows, rows - from);
                readLabels(from, count, labels);
                scoreBlock(scorer, from, count, converted, labels, score, gradientNorm);
                score.get(scoreBlock, 0, count);
                gradientNorm.get(normBlock, 0, count);
                finish(norm, from, scoreBlock, normBlock, count);
                scores.put(from, FloatBuffer.wrap(scoreBlock, 0, count));
                if (norms != null) norms.put(from, FloatBuffer.wrap(normBlock, 0, count));
                progress.accept(from + count);
            }
        }
    }

    private void readLabels(long from, int count, LongPointer labels) {
        LongBuffer buffer = labels.asByteBuffer().asLongBuffer();
        request.labels().readLongs(from, from + count, buffer);
        long classes = request.weight().size(0);
        for (int i = 0; i < count; i++) {
            long label = buffer.get(i);
            if (label < 0 || label >= classes) {
                throw InputException.in(
                        request.labels().path(),
                        "the label of sample " + (from + i) + " is " + label + "; expected 0 to " + (classes - 1)
                                + ", as weight has " + classes + " rows");
            }
        }
    }

    private void scoreBlock(
            HeadScorer scorer,
            long from,
            int count,
            @Nullable FloatPointer converted,
            LongPointer labels,
            FloatPointer score,
            FloatPointer gradientNorm) {
        try (PointerScope scope = new PointerScope()) {
            if (converted != null) {
                request.features()
                        .readFloats(from, from + count, converted.asByteBuffer().asFloatBuffer());
                scorer.score(converted, Dtype.F32, count, labels, score, gradientNorm, null);
                return;
            }
            ByteBuffer mapped = request.features().rows(from, from + count);
            Dtype dtype = request.features().type() == NpyType.FLOAT16 ? Dtype.F16 : Dtype.F32;
            scorer.score(new BytePointer(mapped), dtype, count, labels, score, gradientNorm, null);
        } catch (InvalidArgumentException e) {
            throw new InputException(
                    request.features().path() + " and " + request.labels().path() + ", rows from " + from + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /** cos, and opt without a penalty, concern one sample at a time; samples that are not finite are counted. */
    private void finish(double norm, long from, float[] score, float[] gradientNorm, int count) {
        Weighting.Kind kind = request.kind();
        boolean cosine = kind == Weighting.Kind.COS || kind == Weighting.Kind.NORMED_COS;
        boolean free = kind == Weighting.Kind.OPT && !couplesSamples();
        boolean normed = cosine || kind == Weighting.Kind.OPT;
        for (int i = 0; i < count; i++) {
            double length = gradientNorm[i];
            if (!Float.isFinite(score[i]) || (normed && !Double.isFinite(length))) {
                if (nonFiniteRows.size() < NAMED) nonFiniteRows.add(from + i);
                nonFinite++;
                score[i] = free ? 0 : Float.NaN;
            } else if (cosine) {
                score[i] = length == 0 ? 0 : (float) (score[i] / length);
            } else if (free) {
                score[i] = length == 0 ? 0 : (float) (score[i] * norm / (length * length));
            }
        }
    }

    private Iterator<ParquetColumns> columns(NpyWriter scores) {
        long[] ids = new long[blockRows];
        float[] values = new float[blockRows];
        return new Iterator<>() {
            private long from;

            @Override
            public boolean hasNext() {
                return from < rows || from == 0;
            }

            @Override
            public ParquetColumns next() {
                int count = (int) Math.min(blockRows, rows - from);
                long[] idBlock = count == ids.length ? ids : new long[count];
                float[] block = count == values.length ? values : new float[count];
                for (int i = 0; i < count; i++) idBlock[i] = from + i;
                scores.get(from, FloatBuffer.wrap(block));
                from += Math.max(1, count);
                return new ParquetColumns().longs("sample_id", idBlock).floats("score", block);
            }
        };
    }
}
