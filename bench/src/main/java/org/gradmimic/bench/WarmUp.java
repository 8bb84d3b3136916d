package org.gradmimic.bench;

import java.util.ArrayList;
import java.util.List;
import org.gradmimic.Calibration;
import org.gradmimic.device.Device;

/**
 * Thousands of steps of a tiny model, after which Java's compiler is through with the code of steps: a large model's own are
 * too long to make as many. Training makes them anyway.
 */
final class WarmUp {
    private WarmUp() {}

    /** @param seconds of steps of every kind, plain ones too, in turn */
    static void steps(Device device, double seconds) {
        var setup = new ModelSteps.Setup(ModelSteps.Kind.TINY, device, 16, 4, false, Precision.F32);
        List<ModelSteps.Mimicking> mimicking = new ArrayList<>();
        try (ModelSteps steps = new ModelSteps(setup)) {
            try {
                for (ModelSteps.Mimic mimic : ModelSteps.Mimic.values()) {
                    for (Calibration calibration : Calibration.values()) {
                        mimicking.add(steps.new Mimicking(mimic, calibration));
                    }
                }
                for (long begin = System.nanoTime(); (System.nanoTime() - begin) * 1e-9 < seconds; ) {
                    steps.plain();
                    mimicking.forEach(ModelSteps.Mimicking::step);
                }
            } finally {
                mimicking.forEach(ModelSteps.Mimicking::close);
            }
        }
    }
}
