package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.jspecify.annotations.Nullable;

/** The recorded layers between two boundaries of a forward pass. */
final class Segment implements AutoCloseable {
    private final List<LayerRecord> records = new ArrayList<>();
    private @Nullable Tensor start;

    /** @param start all that its layers see of those before; null if they are the first */
    Segment(@Nullable Tensor start) {
        this.start = start == null ? null : Tensors.handle(start);
    }

    void add(LayerRecord record) {
        records.add(record);
    }

    /** In the order of the calls. */
    List<LayerRecord> records() {
        return records;
    }

    @Nullable
    Tensor start() {
        return start;
    }

    @Override
    public void close() {
        records.forEach(LayerRecord::close);
        records.clear();
        if (start != null) start.deallocate();
        start = null;
    }
}
