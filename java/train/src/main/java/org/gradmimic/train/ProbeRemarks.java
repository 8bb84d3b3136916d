package org.gradmimic.train;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.SettingText;
import org.gradmimic.io.run.SettingValues;

/** What is no error and still probably not meant: said before the run begins. */
final class ProbeRemarks {
    private ProbeRemarks() {}

    static List<SettingText> of(ProbeData data, ProbeSettings settings) {
        List<SettingText> remarks = new ArrayList<>(settings.values().ignored());
        remarks.addAll(ignoredArrays(data, settings));
        if (settings.optimizer().learningRate() == 0) {
            remarks.add(
                    SettingText.named(OptimizerSettings.LEARNING_RATE.name()).text(" is 0: the head stays as it is"));
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
                        "every label is " + largest + ": a head that has seen one class cannot tell classes apart"));
            } else if (largest + 1 < data.classes() && data.has(ProbeInput.REFERENCE_WEIGHT)) {
                remarks.add(SettingText.of("the largest label is " + largest + ", but the reference has "
                        + data.classes() + " classes, numbered from 0"));
            }
        }
    }
}
