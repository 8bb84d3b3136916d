package org.gradmimic.kernel;

import java.io.IOException;
import org.bytedeco.javacpp.Loader;
import org.gradmimic.base.LibraryLoadException;
import org.gradmimic.kernel.internal.abi.gradmimic;
import org.jspecify.annotations.Nullable;

/**
 * Loads libgradmimic once and describes the loaded library. If loading fails, the failure is kept. Every use then
 * throws it, with the file and what is missing, instead of the {@link NoClassDefFoundError} that follows a failed
 * static initialiser.
 */
public final class NativeLibrary {
    private static final NativeLibrary INSTANCE = new NativeLibrary();

    private final @Nullable String path;
    private final @Nullable LibraryLoadException failure;

    private NativeLibrary() {
        String loaded = null;
        LibraryLoadException failed = null;
        try {
            LibraryCache.require();
            refresh();
            loaded = Loader.load(gradmimic.class);
            int version = gradmimic.gm_abi_version();
            if (version != gradmimic.GM_ABI_VERSION) {
                failed = new LibraryLoadException("libgradmimic at " + loaded + " has ABI version " + version
                        + ", these classes were built for " + gradmimic.GM_ABI_VERSION
                        + "; use a jar and a library of the same build");
            }
        } catch (LibraryLoadException e) {
            failed = e;
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            failed = new LibraryLoadException(
                    "libgradmimic for " + Loader.getPlatform() + " cannot be loaded: " + rootMessage(e), e);
        }
        path = loaded;
        failure = failed;
    }

    private static void refresh() {
        String folder = "/org/gradmimic/kernel/internal/" + Loader.getPlatform();
        try {
            LibraryCache.refresh(
                    NativeLibrary.class,
                    folder,
                    System.mapLibraryName("gradmimic"),
                    System.mapLibraryName("jnigradmimic"));
        } catch (IOException e) {
            throw new LibraryLoadException("libgradmimic cannot be extracted from its jar: " + e.getMessage(), e);
        }
    }

    private static String rootMessage(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) cause = cause.getCause();
        return String.valueOf(cause.getMessage());
    }

    /** Loads the library if it is not loaded yet. Throws a {@link LibraryLoadException} that states what is missing. */
    public static void require() {
        if (INSTANCE.failure != null) throw INSTANCE.failure;
    }

    /** The file that was loaded. */
    public static String path() {
        require();
        return String.valueOf(INSTANCE.path);
    }

    /** The library's version, such as "0.1.0". */
    public static String version() {
        require();
        return gradmimic.gm_version().getString();
    }

    /** The instruction set of the CPU kernels: "avx512", "avx2" or "portable". */
    public static String cpuIsa() {
        require();
        return gradmimic.gm_cpu_isa().getString();
    }

    /**
     * The largest number of threads that the CPU kernels use in the calling thread. It is OpenMP's setting, which
     * LibTorch shares.
     */
    public static int cpuThreads() {
        require();
        return gradmimic.gm_cpu_threads();
    }

    /**
     * Lets the process end without the destructors of native libraries, which would free what threads in LibTorch use;
     * see {@code gm_skip_exit_handlers} in gradmimic.h. To be called when the process is about to end. Does nothing if
     * no native library was loaded, if libgradmimic cannot be loaded or if the system refuses it.
     */
    public static void skipExitHandlers() {
        if (Loader.getLoadedLibraries().isEmpty() || INSTANCE.failure != null) return;
        gradmimic.gm_skip_exit_handlers();
    }

    /** The reason why CUDA cannot be used here and how to fix it; null if it can be used. */
    public static @Nullable String cudaProblem() {
        require();
        if (gradmimic.gm_cuda_available() == gradmimic.GM_OK) return null;
        String message = gradmimic.gm_last_error().getString();
        return message.substring(message.indexOf(": ") + 2);
    }
}
