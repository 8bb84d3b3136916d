package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.pytorch.global.torch;
import org.gradmimic.kernel.NativeLibrary;
import org.junit.jupiter.api.Test;

class ThreadsTest {
    @Test
    void oneSettingReachesLibTorchAndTheKernels() {
        int before = torch.get_num_threads();
        try {
            Threads.limit(3);
            assertThat(torch.get_num_threads()).isEqualTo(3);
            assertThat(NativeLibrary.cpuThreads()).isEqualTo(3);
        } finally {
            Threads.limit(before);
        }
    }
}
