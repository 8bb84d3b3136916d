package org.gradmimic.layer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** What was recorded of one forward pass. */
final class ForwardPass implements AutoCloseable {
    private final Deque<Segment> segments = new ArrayDeque<>(List.of(new Segment(null)));
    private final Map<ModelParameter, List<ParameterUse>> uses = new HashMap<>();
    private final Set<ModelParameter> called = new HashSet<>();
    private boolean mimicSeen;

    /** The parameter was used by a call of these layers, whether that call was recorded or not. */
    void call(ModelParameter parameter) {
        called.add(parameter);
    }

    boolean called(ModelParameter parameter) {
        return called.contains(parameter);
    }

    void add(LayerRecord record) {
        segments.getLast().add(record);
        for (ParameterUse use : record.uses()) {
            uses.computeIfAbsent(use.parameter(), parameter -> new ArrayList<>())
                    .add(use);
        }
        mimicSeen |= record.mimic();
    }

    /** x is all that later layers see of earlier ones. What comes before it is forgotten if no score needs it. */
    void boundary(Tensor x) {
        if (!mimicSeen) dropRecords();
        else if (!x.requires_grad()) return;
        if (segments.isEmpty() || !segments.getLast().records().isEmpty()) {
            segments.add(new Segment(x.requires_grad() ? x : null));
        }
    }

    /** In the order of the calls. */
    List<LayerRecord> records() {
        return segments.stream().flatMap(segment -> segment.records().stream()).toList();
    }

    /** In the order of the calls; one at least. */
    Deque<Segment> segments() {
        return segments;
    }

    /** Where the parameter was used; in more than one place if it is tied. */
    List<ParameterUse> uses(ModelParameter parameter) {
        return uses.getOrDefault(parameter, List.of());
    }

    /** All that the recorded layers see of those before; null if all are recorded. */
    @Nullable
    Tensor firstBoundary() {
        return segments.getFirst().start();
    }

    private void dropRecords() {
        segments.forEach(Segment::close);
        segments.clear();
        uses.clear();
    }

    @Override
    public void close() {
        dropRecords();
    }
}
