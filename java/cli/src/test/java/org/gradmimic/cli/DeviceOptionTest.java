package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.device.CudaSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --device} of the commands that compute. */
class DeviceOptionTest {
    @TempDir
    Path folder;

    private Problem problem() {
        return new Problem(folder, 7, 11, 5, 3).probe("mimic");
    }

    @Test
    void theCpuAndWhatAutoChoosesGiveARun() {
        assertThat(problem().with("device", "cpu").run("probe").code()).isZero();
        assertThat(Files.exists(folder.resolve("run/final_weight.npy"))).isTrue();
    }

    @Test
    void autoIsSilentWhereNobodyCouldMeanAGpu() {
        assumeTrue(!CudaSupport.nativesThere() && !CudaSupport.driverThere() && !CudaSupport.cardThere());
        Run run = problem().with("device", "auto").run("probe");
        assertThat(run.code()).isZero();
        assertThat(run.err()).doesNotContain("warning");
    }

    @Test
    void aDeviceThatCannotBeUsedIsRefusedWithTheReason() {
        String why = CudaSupport.problem(0);
        assumeTrue(why != null, "a machine without a CUDA device");
        Run run = problem().with("device", "cuda").run("probe");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).startsWith("gradmimic probe: cuda:0 cannot be used: " + why);
        assertThat(Files.exists(folder.resolve("run"))).isFalse();
    }

    @Test
    void whatIsNoDeviceIsRefused() {
        Run run = problem().with("device", "gpu").run("probe");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("--device: 'gpu' is no device; there are auto, cpu, cuda and cuda:N");
    }
}
