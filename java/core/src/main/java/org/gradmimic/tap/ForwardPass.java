package org.gradmimic.tap;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.jspecify.annotations.Nullable;

/** What was recorded of one forward pass. */
final class ForwardPass implements AutoCloseable {
    private final List<LayerRecord> records = new ArrayList<>();
    private final Map<TappedParameter, List<Use>> uses = new HashMap<>();
    private final Set<TappedParameter> called = new HashSet<>();
    private boolean mimicSeen;
    private @Nullable Tensor cut;

    /** A layer with a tap has used the parameter, whether that was recorded or not. */
    void call(TappedParameter parameter) {
        called.add(parameter);
    }

    boolean called(TappedParameter parameter) {
        return called.contains(parameter);
    }

    void add(LayerRecord record) {
        records.add(record);
        for (Use use : record.uses()) {
            uses.computeIfAbsent(use.parameter(), parameter -> new ArrayList<>())
                    .add(use);
        }
        mimicSeen |= record.mimic();
    }

    /** From here on everything is recorded anew, if nothing so far is needed for scores. */
    void cutAt(Tensor x) {
        if (mimicSeen) return;
        dropRecords();
        if (cut != null) cut.deallocate();
        cut = x.requires_grad() ? Tensors.handle(x) : null;
    }

    /** In the order of the calls. */
    List<LayerRecord> records() {
        return records;
    }

    /** Where the parameter was used; in more than one place if it is tied. */
    List<Use> uses(TappedParameter parameter) {
        return uses.getOrDefault(parameter, List.of());
    }

    /** All that the recorded layers see of those before; null if all are recorded. */
    @Nullable
    Tensor cut() {
        return cut;
    }

    private void dropRecords() {
        records.forEach(LayerRecord::close);
        records.clear();
        uses.clear();
    }

    @Override
    public void close() {
        dropRecords();
        if (cut != null) cut.deallocate();
        cut = null;
    }
}
