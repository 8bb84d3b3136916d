package org.gradmimic.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.gradmimic.Weighting;
import org.gradmimic.device.Device;
import org.gradmimic.device.Gpu;
import org.gradmimic.train.ProbeOnDevice.Outcome;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A probe on a CUDA device against the same one on the CPU. */
@Tag("gpu")
class GpuProbeTest {
    /** Eighteen steps of AdamW, whose first ones divide by gradients of any size. */
    private static final double TOLERANCE = 2e-3;

    @ParameterizedTest
    @EnumSource(Mode.class)
    void trainsAsOnTheCpuAndReadsNothingInItsSteps(Mode mode) {
        Device device = Gpu.device();
        for (boolean damaged : new boolean[] {false, true}) {
            Outcome outcome = ProbeOnDevice.run(device, mode, Weighting.Kind.NORMED_PROJ, 1, damaged);
            Outcome twin = ProbeOnDevice.run(Device.CPU, mode, Weighting.Kind.NORMED_PROJ, 1, damaged);
            ProbeOnDevice.assertSame(outcome, twin, TOLERANCE, mode + " " + damaged);
            assertThat(outcome.readsInSteps()).as("%s", mode).isZero();
        }
    }
}
