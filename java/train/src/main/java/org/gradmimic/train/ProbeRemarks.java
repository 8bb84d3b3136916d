package org.gradmimic.train;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.SettingText;
import org.gradmimic.io.npy.NpyLabels;
import org.gradmimic.io.run.SettingValues;

/** Remarks before a run begins: settings and data that are valid, but probably not intended. */
final class ProbeRemarks {
    private ProbeRemarks() {}

    static List<SettingText> of(ProbeData data, ProbeSettings settings) {
        List<SettingText> remarks = new ArrayList<>(settings.values().ignored());
        remarks.addAll(ignoredArrays(data, settings));
        if (settings.optimizer().learningRate() == 0) {
            remarks.add(
                    SettingText.named(OptimizerSettings.LEARNING_RATE.name()).text(" is 0: the head does not change"));
        }
        labels(data, remarks);
        return remarks;
    }

    private static Collection<SettingText> ignoredArrays(ProbeData data, ProbeSettings settings) {
        Map<String, SettingText> messages = new LinkedHashMap<>();
        for (ProbeInput input : ProbeInput.values()) {
            String by = data.has(input) ? input.ignoredBy(settings) : null;
            if (by == null) continue;
            messages.merge(
                    by,
                    SettingValues.ignores(by, input.label()),
                    (known, one) -> known.text(", ").setting(input.label()));
        }
        return messages.values();
    }

    private static void labels(ProbeData data, List<SettingText> remarks) {
        try (PointerScope scope = new PointerScope()) {
            Tensor labels = data.labels();
            long largest = labels.max().item_long();
            if (labels.min().item_long() == largest) {
                remarks.add(SettingText.of(
                        "every label is " + largest + ": a head trained on one class cannot distinguish classes"));
            } else if (labels.min().item_long() == 1) {
                remarks.add(SettingText.of(NpyLabels.note(1, largest)));
            } else if (largest + 1 < data.classes() && data.has(ProbeInput.REFERENCE_WEIGHT)) {
                remarks.add(SettingText.of("the largest label is " + largest + ", but the reference has "
                        + data.classes() + " classes, numbered from 0"));
            }
        }
    }
}
