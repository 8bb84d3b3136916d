package org.gradmimic;

import java.util.Objects;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.gradmimic.internal.DeviceArray;
import org.gradmimic.internal.KernelArrays;
import org.gradmimic.kernel.internal.Descriptors;
import org.gradmimic.kernel.internal.Descriptors.Dtype;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.kernel.internal.abi.gm_array;
import org.jspecify.annotations.Nullable;

/** The memory that a head's steps of one batch size write to and reuse. */
final class HeadBuffers implements AutoCloseable {
    final int rows;
    private final Device device;
    private final long classes;
    private final int references;

    private @Nullable Tensor both;
    private @Nullable Tensor stackedLogits;
    private @Nullable Tensor stackedProjected;
    private @Nullable Tensor alone;

    /** This step's logits, overwritten by w_i δ_i. */
    private @Nullable Tensor logits;

    private @Nullable Tensor delta;
    private final DeviceArray<FloatPointer> own;

    /** [B,K] scores toward each of several references; null for a single one. */
    private final @Nullable DeviceArray<FloatPointer> scores;

    private FloatPointer score;
    private FloatPointer weight;
    private FloatPointer loss;
    private boolean scored;

    /** @param references K; 1 for a head that compares with something other than references, or with nothing */
    HeadBuffers(Device device, int rows, long classes, int references) {
        this.device = device;
        this.rows = rows;
        this.classes = classes;
        this.references = references;
        scores = references == 1 ? null : DeviceArray.floats(device, (long) rows * references);
        own = DeviceArray.floats(device, 3L * rows);
        score = own.at(0);
        weight = own.at(rows);
        loss = own.at(2L * rows);
    }

    /** [B,(1+K)C], for logits and all V h side by side; the logits of this step come first. */
    Tensor both() {
        if (both == null) {
            both = Memory.detached(device.empty(ScalarType.Float, rows, (1 + references) * classes));
            stackedLogits = Memory.detached(both.narrow(1, 0, classes));
            Tensor projected = both.narrow(1, classes, references * classes);
            stackedProjected =
                    Memory.detached(references == 1 ? projected : projected.unflatten(1, references, classes));
        }
        logits = stackedLogits;
        return both;
    }

    /** [B,C], for the logits of this step alone. */
    Tensor alone() {
        if (alone == null) alone = Memory.detached(device.empty(ScalarType.Float, rows, classes));
        logits = alone;
        return alone;
    }

    /** [B,C], the logits of this step; after the kernel, w_i δ_i. */
    Tensor logits() {
        return Objects.requireNonNull(logits);
    }

    /**
     * V h [B,C], or [B,K,C] for several references, if one product computed it together with the logits; otherwise
     * null.
     */
    @Nullable
    Tensor projected() {
        return logits == stackedLogits ? stackedProjected : null;
    }

    /** Makes the kernel write scores, weights and losses directly into a slot of the table. */
    void into(ScoreTable table, ScoreTable.Slot slot, @Nullable Tensor ids) {
        score = table.score(slot);
        weight = table.weight(slot);
        loss = table.loss(slot);
        table.putIds(slot, ids != null ? ids : torch.arange(new Scalar(rows), device.options(ScalarType.Long)));
    }

    void describeScore(gm_array array) {
        scored = true;
        if (scores == null) Descriptors.contiguous(array, score, Dtype.F32, rows);
        else Descriptors.contiguous(array, scores.at(0), Dtype.F32, rows, references);
        KernelArrays.place(device, array);
    }

    /** [B,K] */
    Tensor referenceScores() {
        return scores == null
                ? scoreTensor().unsqueeze(1)
                : scores.tensor(0, (long) rows * references).reshape(rows, references);
    }

    /** Combines the scores toward several references into one per sample; NaN if the kernel counts it as non-finite. */
    void combine(ReferenceCombination combination) {
        if (scores == null || !scored) return;
        Tensor each = referenceScores();
        Tensor one = switch (combination.rule()) {
            case ONE ->
                each.select(1, combination.reference()).add(each.sub(each).sum(1));
            case MEAN -> each.mean(1);
            case MIN -> each.amin(new long[] {1}, false);
        };
        scoreTensor().copy_(one);
    }

    /** Sets the scores to NaN, because this step's mode has no direction. */
    void noScore() {
        scored = false;
        scoreTensor().fill_(new Scalar(Double.NaN));
    }

    void describeWeight(gm_array array) {
        Descriptors.contiguous(array, weight, Dtype.F32, rows);
        KernelArrays.place(device, array);
    }

    void describeLoss(gm_array array) {
        Descriptors.contiguous(array, loss, Dtype.F32, rows);
        KernelArrays.place(device, array);
    }

    boolean scored() {
        return scored;
    }

    /** Which samples have a finite loss and, if there are scores, a finite score. */
    boolean[] finite() {
        boolean[] finite = new boolean[rows];
        float[] losses = Host.floats(lossTensor());
        float[] scores = scored ? Host.floats(scoreTensor()) : losses;
        for (int i = 0; i < rows; i++) finite[i] = Float.isFinite(losses[i]) && Float.isFinite(scores[i]);
        return finite;
    }

    private Tensor view(FloatPointer floats) {
        return KernelArrays.view(device, floats, ScalarType.Float, rows);
    }

    Tensor scoreTensor() {
        return view(score);
    }

    Tensor weightTensor() {
        return view(weight);
    }

    Tensor lossTensor() {
        return view(loss);
    }

    /** δ [B,C], if it is needed in addition to w_i δ_i. */
    Tensor delta() {
        Tensor current = delta;
        if (current == null) delta = current = Memory.detached(device.empty(ScalarType.Float, rows, classes));
        return current;
    }

    @Override
    public void close() {
        for (Pointer pointer : new Pointer[] {both, stackedLogits, stackedProjected, alone, delta}) {
            if (pointer != null) pointer.deallocate();
        }
        own.close();
        if (scores != null) scores.close();
    }
}
