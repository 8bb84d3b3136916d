package org.gradmimic.cli.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.gradmimic.device.CudaLibraries;
import org.gradmimic.device.CudaLibraries.Found;
import org.gradmimic.device.CudaLibraries.Library;
import org.gradmimic.device.CudaSupport;
import org.jspecify.annotations.Nullable;

/** Finds a GPU, or says why there is none. A machine without a GPU is fine. */
final class Cuda {
    private static final String ITEM = "CUDA";
    private static final String LIBRARIES = "CUDA library";
    private static final int SMI_SECONDS = 10;

    private Cuda() {}

    static Finding look() throws InterruptedException {
        return judge(CudaSupport.problem(0), CudaSupport.cardThere(), smi());
    }

    /**
     * @param problem why LibTorch and the kernels cannot use a device; null if they can
     * @param card whether the machine has an NVIDIA card
     * @param smi what nvidia-smi reports about the first GPU; empty without a working driver
     */
    static Finding judge(@Nullable String problem, boolean card, Optional<String> smi) {
        if (problem == null) return Finding.ok(ITEM, smi.orElse("a usable device") + "; --device auto uses it");
        if (smi.isPresent())
            return Finding.warning(ITEM, smi.get() + ", not used: " + problem, "everything runs on the CPU");
        if (card) {
            return Finding.warning(
                    ITEM,
                    "this machine has an NVIDIA GPU, but its driver does not answer: " + problem,
                    "install the driver (apt-get install -y nvidia-driver, from Debian's non-free), restart, and"
                            + " check that nvidia-smi shows the GPU; until then everything runs on the CPU");
        }
        return Finding.ok(ITEM, "no NVIDIA GPU in this machine; everything runs on the CPU");
    }

    /** The libraries with which LibTorch for CUDA is linked, one finding each. */
    static List<Finding> libraries() {
        return libraries(CudaSupport.libraries(), CudaSupport.nativesThere() || CudaSupport.driverThere());
    }

    /** @param relevant whether the user seems to want CUDA; otherwise one line covers all libraries */
    static List<Finding> libraries(CudaLibraries libraries, boolean relevant) {
        List<Found> all = libraries.all();
        if (!relevant) {
            long found = all.stream().filter(each -> each.path() != null).count();
            return List.of(Finding.ok(
                    LIBRARIES,
                    found + " of the " + all.size()
                            + " that LibTorch for CUDA is linked with are here; none is needed"));
        }
        return all.stream().map(Cuda::library).toList();
    }

    private static Finding library(Found found) {
        Library library = found.library();
        if (found.path() != null) return Finding.ok(LIBRARIES, library.name() + ": " + found.path());
        String missing = library.name() + " is missing" + (library.optional() ? " (needed by a few operations)" : "");
        return Finding.warning(
                LIBRARIES,
                missing,
                "it is part of " + library.toolkit() + " in NVIDIA's repositories, and of Python's package "
                        + library.pip() + " (pip install " + library.pip()
                        + "), which is found automatically; for another place, name its folder in LD_LIBRARY_PATH");
    }

    private static Optional<String> smi() throws InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(
                            "nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            return Optional.empty(); // no such program
        }
        try {
            if (!process.waitFor(SMI_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) return Optional.empty();
            String all = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return all.lines().findFirst().map(line -> line + " (driver)");
        } catch (IOException e) {
            return Optional.empty();
        } finally {
            process.destroyForcibly();
        }
    }
}
