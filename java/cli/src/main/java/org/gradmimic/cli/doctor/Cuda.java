package org.gradmimic.cli.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.gradmimic.kernel.NativeLibrary;
import org.jspecify.annotations.Nullable;

/** A GPU: found, or why not. A machine without one is sound. */
final class Cuda {
    private static final String ITEM = "CUDA";
    private static final Path PCI = Path.of("/sys/bus/pci/devices");
    private static final String NVIDIA = "0x10de";
    private static final String DISPLAY_CLASS = "0x03";
    private static final int SMI_SECONDS = 10;

    private Cuda() {}

    static Finding look() throws IOException, InterruptedException {
        return judge(NativeLibrary.cudaProblem(), card(PCI), smi());
    }

    /**
     * @param problem why libgradmimic cannot use CUDA; null if it can
     * @param card whether an NVIDIA card is plugged in
     * @param smi what nvidia-smi says of the first GPU; empty without a working driver
     */
    static Finding judge(@Nullable String problem, boolean card, Optional<String> smi) {
        if (problem == null) {
            return Finding.ok(
                    ITEM,
                    smi.orElse("a usable device")
                            + "; libgradmimic's kernels can use it, these commands run on the CPU");
        }
        if (smi.isPresent())
            return Finding.warning(ITEM, smi.get() + ", not used: " + problem, "everything runs on the CPU");
        if (card) {
            return Finding.warning(
                    ITEM,
                    "an NVIDIA GPU is in this machine, but its driver does not answer: " + problem,
                    "install the driver (apt-get install -y nvidia-driver, from Debian's non-free), restart, and see"
                            + " that nvidia-smi shows the GPU; until then everything runs on the CPU");
        }
        return Finding.ok(ITEM, "no NVIDIA GPU in this machine; everything runs on the CPU");
    }

    private static boolean card(Path devices) throws IOException {
        if (!Files.isDirectory(devices)) return false;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(devices)) {
            for (Path device : all) {
                if (Machine.after(device.resolve("vendor"), NVIDIA).isPresent()
                        && Machine.after(device.resolve("class"), DISPLAY_CLASS).isPresent()) return true;
            }
        }
        return false;
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
