package org.gradmimic.kernel.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.gradmimic.base.FatalDeviceException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.OutOfMemoryException;
import org.gradmimic.kernel.CudaFailure;
import org.gradmimic.kernel.internal.abi.gradmimic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The mapping alone: no device is needed to have the words that a broken one is told by. */
class CudaFailureTest {
    @ParameterizedTest
    @CsvSource({
        "cudaErrorIllegalAddress, an illegal memory access was encountered, FatalDeviceException",
        "cudaErrorLaunchFailure, unspecified launch failure, FatalDeviceException",
        "cudaErrorAssert, device-side assert triggered, FatalDeviceException",
        "cudaErrorECCUncorrectable, uncorrectable ECC error encountered, FatalDeviceException",
        "cudaErrorInvalidConfiguration, invalid configuration argument, KernelLaunchException",
        "cudaErrorNoKernelImageForDevice, no kernel image is available for execution on the device, KernelLaunchException",
        "cudaErrorLaunchOutOfResources, too many resources requested for launch, KernelLaunchException",
        "cudaErrorInvalidValue, invalid argument, DeviceException"
    })
    void anErrorIsTypedByItsNameAndByItsText(String name, String text, String type) {
        String ours = "gm_head_step: head_step: " + text + " (" + name + ")";
        int status = type.equals("FatalDeviceException") ? gradmimic.GM_CUDA_FATAL : gradmimic.GM_CUDA_ERROR;
        assertThat(Kernels.failure(status, ours).getClass().getSimpleName()).isEqualTo(type);
        RuntimeException theirs = CudaFailure.typed(
                "MimicHead.step of [32, 768]",
                new RuntimeException("CUDA error: " + text + "\nCUDA kernel errors might be reported later\nframe #0"));
        assertThat(theirs.getClass().getSimpleName()).isEqualTo(type);
        assertThat(theirs).hasMessage("MimicHead.step of [32, 768]: CUDA error: " + text);
    }

    @Test
    void theStatusTellsThatAnErrorIsFatalAndNotItsWords() {
        assertThat(Kernels.failure(gradmimic.GM_CUDA_FATAL, "gm_row_dot: row_dot: words that nobody knows"))
                .isInstanceOf(FatalDeviceException.class);
    }

    @Test
    void outOfMemoryHasATypeFromEverySource() {
        assertThat(Kernels.failure(
                        gradmimic.GM_OUT_OF_MEMORY, "gm_direction: out of memory (cudaErrorMemoryAllocation)"))
                .isInstanceOf(OutOfMemoryException.class)
                .hasMessageContaining("gm_direction")
                .hasMessageContaining("cudaErrorMemoryAllocation");
        for (String said : new String[] {
            "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB\nframe #0: x",
            "CUDA error: out of memory\nframe #0: x",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"
        }) {
            assertThat(CudaFailure.typed("Device.move", new RuntimeException(said)))
                    .isInstanceOf(OutOfMemoryException.class)
                    .hasMessage("Device.move: " + said.lines().findFirst().orElseThrow());
        }
    }

    @Test
    void otherExceptionsStayAsTheyAre() {
        RuntimeException other = new RuntimeException("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)");
        assertThat(CudaFailure.typed("x", other)).isSameAs(other);
        RuntimeException silent = new RuntimeException();
        assertThat(CudaFailure.typed("x", silent)).isSameAs(silent);
        RuntimeException ours = new InvalidArgumentException("gm_row_dot: CUDA error: is no reason");
        assertThat(CudaFailure.typed("x", ours)).isSameAs(ours);
    }
}
