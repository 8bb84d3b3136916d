package org.gradmimic.demo;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;

/**
 * Features of some samples of a split, collected from batches in any order. Row i belongs to the sample {@code ids[i]}.
 */
final class Part {
    private final long[] ids;
    private final float[] row;
    private final Tensor features;

    /** @param ids sorted */
    Part(long[] ids, int width) {
        this.ids = ids;
        row = new float[width];
        features = Tensors.empty(ids.length, width);
    }

    /** [n,D] */
    Tensor features() {
        return features;
    }

    /** Copies the features that belong to this part. */
    void take(long[] batchIds, Tensor batch) {
        var from = batch.data_ptr_float();
        var to = features.data_ptr_float();
        for (int i = 0; i < batchIds.length; i++) {
            int at = Arrays.binarySearch(ids, batchIds[i]);
            if (at < 0) continue;
            from.position((long) i * row.length).get(row);
            to.position((long) at * row.length).put(row);
        }
    }
}
