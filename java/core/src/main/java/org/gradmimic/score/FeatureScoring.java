package org.gradmimic.score;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongConsumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.HeadScorer;
import org.gradmimic.ScoreKind;
import org.gradmimic.Tensors;
import org.gradmimic.data.NpyFile;
import org.gradmimic.data.NpyType;
import org.gradmimic.data.NpyWriter;
import org.gradmimic.kernel.Descriptors.Dtype;
import org.gradmimic.kernel.GradmimicException;
import org.gradmimic.select.InputException;
import org.gradmimic.select.ParquetColumns;
import org.jspecify.annotations.Nullable;

/**
 * Scores every row of a feature file and writes one float a row. Features are mapped and read once, in blocks; memory does
 * not grow with their number. Kinds that look at a whole batch (the softmax, opt with λ > 0) take a second pass over the
 * scores alone; opt with λ > 0 holds a batch's scores in memory.
 */
public final class FeatureScoring {
    /** Bytes of features a block has at most: enough to keep all threads busy, little enough to stay in memory. */
    private static final long BLOCK_BYTES = 64L << 20;

    private static final int MAX_BLOCK_ROWS = 1 << 16;
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
            ScoreKind kind,
            double temperature,
            double lambda,
            long batchSize) {}

    /**
     * What was found.
     *
     * @param rows N
     * @param nonFinite rows without a finite score
     * @param nonFiniteRows the first of them
     * @param directionNorm ‖V‖
     */
    public record Summary(long rows, long nonFinite, List<Long> nonFiniteRows, double directionNorm) {}

    private final Request request;
    private final long rows;
    private final int blockRows;
    private final List<Long> nonFiniteRows = new ArrayList<>();
    private long nonFinite;

    private FeatureScoring(Request request) {
        this.request = request;
        rows = request.features().rows();
        long rowBytes = Math.max(1, request.features().rowElements() * 4);
        blockRows = (int) Math.max(1, Math.min(Math.min(MAX_BLOCK_ROWS, rows), BLOCK_BYTES / rowBytes));
    }

    /**
     * Scores and writes.
     *
     * @param out {@code .npy} (float32 [N]) or {@code .parquet} (sample_id, score) by its ending; written atomically
     * @param progress told the rows done so far
     * @throws InputException for files, shapes and labels that do not fit, and a batch without a finite score
     */
    public static Summary run(Request request, Path out, LongConsumer progress) {
        String name = out.getFileName().toString();
        boolean parquet = name.endsWith(".parquet");
        if (!parquet && !name.endsWith(".npy")) {
            throw new InputException(out + ": the output is .npy or .parquet, by its ending");
        }
        check(request);
        FeatureScoring scoring = new FeatureScoring(request);
        Path values = parquet ? out.resolveSibling(name + ".npy") : out;
        try (PointerScope scope = new PointerScope();
                NpyWriter scores = NpyWriter.create(values, scoring.rows);
                HeadScorer scorer = new HeadScorer(request.weight(), request.bias(), request.reference())) {
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

    private static void check(Request r) {
        r.features().requireRank(2);
        r.labels().requireShape(r.features().rows());
        Path features = r.features().path();
        if (r.weight().dim() != 2 || r.weight().size(1) != r.features().rowElements()) {
            throw new InputException("weight has "
                    + (r.weight().dim() == 2
                            ? r.weight().size(1) + " columns"
                            : r.weight().dim() + " axes") + ", but " + features + " has "
                    + r.features().rowElements() + " features a row");
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
        if (r.batchSize() < 0) throw new InputException("the batch size is " + r.batchSize());
    }

    private boolean couplesSamples() {
        return switch (request.kind()) {
            case PROJ, COS -> false;
            case NORMED_PROJ, NORMED_COS -> true;
            case OPT -> request.lambda() > 0;
        };
    }

    private void score(HeadScorer scorer, double norm, NpyWriter scores, LongConsumer progress) {
        boolean opt = request.kind() == ScoreKind.OPT && couplesSamples();
        if (!opt) {
            readFeatures(scorer, norm, scores, null, progress);
            if (couplesSamples()) new BatchWeights(request, norm, scores, null).run();
            return;
        }
        try (NpyWriter norms = NpyWriter.create(temporaryNorms(scores), rows)) {
            readFeatures(scorer, norm, scores, norms, progress);
            new BatchWeights(request, norm, scores, norms).run();
        }
    }

    private static Path temporaryNorms(NpyWriter scores) {
        return scores.path().resolveSibling(scores.path().getFileName() + ".norms");
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
                request.labels()
                        .readLongs(from, from + count, labels.asByteBuffer().asLongBuffer());
                long bad = scoreBlock(scorer, from, count, converted, labels, score, gradientNorm);
                score.get(scoreBlock, 0, count);
                gradientNorm.get(normBlock, 0, count);
                if (bad > 0) note(from, count, scoreBlock, bad);
                finish(norm, scoreBlock, normBlock, count);
                scores.put(from, FloatBuffer.wrap(scoreBlock, 0, count));
                if (norms != null) norms.put(from, FloatBuffer.wrap(normBlock, 0, count));
                progress.accept(from + count);
            }
        }
    }

    private long scoreBlock(
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
                return scorer.score(converted, Dtype.F32, count, labels, score, gradientNorm, null);
            }
            ByteBuffer mapped = request.features().rows(from, from + count);
            Dtype dtype = request.features().type() == NpyType.FLOAT16 ? Dtype.F16 : Dtype.F32;
            return scorer.score(new BytePointer(mapped), dtype, count, labels, score, gradientNorm, null);
        } catch (GradmimicException.InvalidArgument e) {
            throw new InputException(
                    request.features().path() + " and " + request.labels().path() + ", rows from " + from + ": "
                            + e.getMessage(),
                    e);
        }
    }

    private void note(long from, int count, float[] scores, long bad) {
        nonFinite += bad;
        for (int i = 0; i < count && nonFiniteRows.size() < NAMED; i++) {
            if (!Float.isFinite(scores[i])) nonFiniteRows.add(from + i);
        }
    }

    /** cos, and opt without a penalty, concern one sample at a time. */
    private void finish(double norm, float[] score, float[] gradientNorm, int count) {
        switch (request.kind()) {
            case COS, NORMED_COS -> {
                for (int i = 0; i < count; i++) {
                    if (gradientNorm[i] == 0) score[i] = Float.isNaN(score[i]) ? Float.NaN : 0;
                    else score[i] = (float) ((double) score[i] / gradientNorm[i]);
                }
            }
            case OPT -> {
                if (couplesSamples()) return;
                for (int i = 0; i < count; i++) {
                    double squared = (double) gradientNorm[i] * gradientNorm[i];
                    score[i] = squared == 0 || Float.isNaN(score[i]) ? 0 : (float) (score[i] * norm / squared);
                }
            }
            default -> {}
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
