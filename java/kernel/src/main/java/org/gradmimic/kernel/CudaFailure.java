package org.gradmimic.kernel;

import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradmimic.base.DeviceException;
import org.gradmimic.base.FatalDeviceException;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.base.KernelLaunchException;
import org.gradmimic.base.OutOfMemoryException;
import org.jspecify.annotations.Nullable;

/**
 * Maps CUDA's errors to exceptions. libgradmimic has a status for fatal errors ({@code GM_CUDA_FATAL}) and identifies
 * the others by CUDA's name, such as {@code (cudaErrorInvalidValue)}, as CUDA's runtime does. LibTorch reports only
 * CUDA's text, such as {@code CUDA error: an illegal memory access was encountered}.
 */
public final class CudaFailure {
    /**
     * Errors after which every CUDA call of the process fails until the process ends. {@code is_fatal} in device.cu has
     * the same list.
     */
    private static final Set<String> STICKY = Set.of(
            "cudaErrorECCUncorrectable",
            "cudaErrorNvlinkUncorrectable",
            "cudaErrorContained",
            "cudaErrorIllegalAddress",
            "cudaErrorLaunchTimeout",
            "cudaErrorAssert",
            "cudaErrorHardwareStackError",
            "cudaErrorIllegalInstruction",
            "cudaErrorMisalignedAddress",
            "cudaErrorInvalidAddressSpace",
            "cudaErrorInvalidPc",
            "cudaErrorLaunchFailure",
            "cudaErrorTensorMemoryLeak",
            "cudaErrorMpsClientTerminated",
            "cudaErrorExternalDevice");

    /** Errors that prevent a kernel from starting. */
    private static final Set<String> LAUNCH = Set.of(
            "cudaErrorInvalidConfiguration",
            "cudaErrorInvalidDeviceFunction",
            "cudaErrorInvalidKernelImage",
            "cudaErrorLaunchOutOfResources",
            "cudaErrorNoKernelImageForDevice",
            "cudaErrorUnsupportedPtxVersion");

    /** The texts of the errors in STICKY, which LibTorch reports instead of names. */
    private static final Pattern STICKY_TEXT = Pattern.compile("uncorrectable ECC error|an illegal memory access"
            + "|the launch timed out|device-side assert triggered|hardware stack error|an illegal instruction"
            + "|misaligned address|operation not supported on global/shared address space|invalid program counter"
            + "|unspecified launch failure");

    private static final Pattern LAUNCH_TEXT =
            Pattern.compile("invalid configuration argument|invalid device function|device kernel image is invalid"
                    + "|too many resources requested for launch|no kernel image is available"
                    + "|the provided PTX was compiled with an unsupported toolchain");

    private static final Pattern NAME = Pattern.compile("\\((cudaError\\w+)\\)");
    private static final Pattern LIBTORCH =
            Pattern.compile("CUDA error: |CUDA out of memory|CUDNN_STATUS_|CUBLAS_STATUS_");

    private CudaFailure() {}

    /**
     * The exception for a failure of CUDA whose name, such as {@code (cudaErrorIllegalAddress)}, or text is in the
     * message.
     */
    public static DeviceException of(String message) {
        return of(message, null);
    }

    private static DeviceException of(String message, @Nullable Throwable cause) {
        Matcher matcher = NAME.matcher(message);
        String name = matcher.find() ? matcher.group(1) : "";
        if (STICKY.contains(name) || STICKY_TEXT.matcher(message).find()) {
            return new FatalDeviceException(message, cause);
        }
        if (LAUNCH.contains(name) || LAUNCH_TEXT.matcher(message).find()) {
            return new KernelLaunchException(message, cause);
        }
        return new DeviceException(message, cause);
    }

    /**
     * The typed exception for an exception of LibTorch that reports a device failure; any other exception unchanged.
     *
     * @param operation the operation that failed, with its shapes
     */
    public static RuntimeException typed(String operation, RuntimeException thrown) {
        String message = thrown.getMessage();
        if (thrown instanceof GradmimicException
                || message == null
                || !LIBTORCH.matcher(message).find()) return thrown;
        // LibTorch appends hints and a native stack trace.
        String said = operation + ": " + message.lines().findFirst().orElse("");
        if (message.contains("CUDA out of memory")) return new OutOfMemoryException(said, thrown);
        if (message.contains("CUDA error: out of memory")) return new OutOfMemoryException(said, thrown);
        if (message.contains("_STATUS_ALLOC_FAILED")) return new OutOfMemoryException(said, thrown);
        return of(said, thrown);
    }
}
