package org.gradmimic.device;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.device.CudaLibraries.Found;
import org.gradmimic.device.CudaLibraries.Library;
import org.gradmimic.kernel.NativeLibrary;
import org.jspecify.annotations.Nullable;

/**
 * Whether LibTorch can use CUDA here, and if not, why. On a class path that has LibTorch for CUDA beside the one for the CPU, it
 * decides which of them is loaded: the larger one only where there is a driver and every library that it is linked with.
 */
public final class CudaSupport {
    /** The presets' own switch; empty: none of the variants, that is, LibTorch for the CPU. */
    private static final String EXTENSION = "org.bytedeco.javacpp.platform.extension";

    private static final String NATIVES = "org/bytedeco/pytorch/linux-x86_64";
    private static final Path PCI = Path.of("/sys/bus/pci/devices");
    private static final String NVIDIA = "0x10de";
    private static final String DISPLAY_CLASS = "0x03";

    private CudaSupport() {}

    /** Looked at once: what is on the class path and on this machine. */
    private static final class Ground {
        static final boolean NATIVES_THERE = has(NATIVES + "-gpu/libtorch_cuda.so");
        static final CudaLibraries LIBRARIES = CudaLibraries.here();
        static final boolean DRIVER = LIBRARIES.find(CudaLibraries.DRIVER).isPresent();
        static final @Nullable String PROBLEM = judge(NATIVES_THERE, DRIVER, LIBRARIES.missing());
        static final boolean LOADABLE = prepare();

        private static boolean has(String resource) {
            return CudaSupport.class.getClassLoader().getResource(resource) != null;
        }

        /** Before LibTorch is loaded: by its Java classes, or by anything. */
        private static boolean prepare() {
            if (!NATIVES_THERE) return false;
            boolean alone = !has(NATIVES + "/libtorch_cpu.so");
            if (PROBLEM == null || alone) {
                // By name, so that the dynamic linker knows them when LibTorch asks, wherever they are.
                for (Found found : LIBRARIES.all()) {
                    if (found.path() != null)
                        System.load(found.path().toAbsolutePath().toString());
                }
                return PROBLEM == null;
            }
            if (System.getProperty(EXTENSION) == null) System.setProperty(EXTENSION, "");
            return false;
        }
    }

    /** LibTorch with everything it takes; asked when something is to run on a device. */
    private static final class Devices {
        static final int COUNT;
        static final @Nullable String PROBLEM;

        static {
            int count = 0;
            String problem = Ground.PROBLEM;
            if (Ground.LOADABLE && problem == null) {
                try {
                    String path = Loader.load(torch.class);
                    if (!path.contains("-gpu")) problem = "another LibTorch was loaded already: " + path;
                    else count = CudaRuntime.devices();
                    if (problem == null && count == 0) {
                        problem = "the driver shows LibTorch no device (see nvidia-smi and CUDA_VISIBLE_DEVICES)";
                    }
                    if (problem == null) problem = NativeLibrary.cudaProblem();
                } catch (LinkageError | RuntimeException e) {
                    problem = "LibTorch's CUDA part cannot be loaded: "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse("");
                }
            }
            COUNT = count;
            PROBLEM = problem;
        }
    }

    /**
     * Decides which LibTorch this process loads; to be called before it is.
     *
     * @return whether it is the one for CUDA
     */
    public static boolean prepare() {
        return Ground.LOADABLE;
    }

    static @Nullable String judge(boolean natives, boolean driver, List<Library> missing) {
        if (!natives) return "this LibTorch is for the CPU only";
        if (!driver) return "no NVIDIA driver was found (" + CudaLibraries.DRIVER + ")";
        if (missing.isEmpty()) return null;
        return "missing " + missing.stream().map(Library::name).collect(Collectors.joining(", "));
    }

    /** Why a CUDA device cannot be used; null if it can. Loads LibTorch if nothing else is in the way. */
    public static @Nullable String problem(int device) {
        if (Devices.PROBLEM != null) return Devices.PROBLEM;
        if (device >= 0 && device < Devices.COUNT) return null;
        return Devices.COUNT == 1
                ? "there is one device, cuda:0"
                : "there are " + Devices.COUNT + " devices, cuda:0 to cuda:" + (Devices.COUNT - 1);
    }

    /** Whether LibTorch for CUDA is on the class path. */
    public static boolean nativesThere() {
        return Ground.NATIVES_THERE;
    }

    /** Whether there is a driver. */
    public static boolean driverThere() {
        return Ground.DRIVER;
    }

    /** Where CUDA's libraries are. */
    public static CudaLibraries libraries() {
        return Ground.LIBRARIES;
    }

    /** Whether an NVIDIA card is plugged in. */
    public static boolean cardThere() {
        if (!Files.isDirectory(PCI)) return false;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(PCI)) {
            for (Path device : all) {
                if (startsWith(device.resolve("vendor"), NVIDIA)
                        && startsWith(device.resolve("class"), DISPLAY_CLASS)) {
                    return true;
                }
            }
        } catch (IOException e) {
            return false; // who may not look cannot use one either
        }
        return false;
    }

    private static boolean startsWith(Path file, String text) throws IOException {
        return Files.exists(file) && Files.readString(file).startsWith(text);
    }
}
