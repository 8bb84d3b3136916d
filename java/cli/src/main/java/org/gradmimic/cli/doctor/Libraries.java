package org.gradmimic.cli.doctor;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.global.opencv_core;
import org.gradmimic.CpuThreads;
import org.gradmimic.LibTorch;
import org.gradmimic.cli.BuildInfo;
import org.gradmimic.io.DuckDb;
import org.gradmimic.kernel.LibraryCache;
import org.gradmimic.kernel.NativeLibrary;

/** The native libraries: whether they are loaded, from where, and whether their versions match. */
final class Libraries {
    private Libraries() {}

    static Finding torch() {
        LibraryCache.require();
        LibTorch torch = LibTorch.load();
        String presets = torch.presets();
        String text =
                torch.version() + ", presets " + presets + ", CPU kernels " + torch.cpuKernels() + ", " + torch.path();
        if (!presets.equals(BuildInfo.torchPresets())) {
            return Finding.problem(
                    "LibTorch",
                    text,
                    "gradmimic was compiled against presets " + BuildInfo.torchPresets()
                            + "; put those on the class path, or run ./gradmimic build");
        }
        if (!presets.startsWith(torch.version() + "-")) {
            return Finding.problem(
                    "LibTorch",
                    text,
                    "the loaded library is not the one that belongs to the presets; remove other LibTorch"
                            + " installations from LD_LIBRARY_PATH, LD_PRELOAD and java.library.path");
        }
        return Finding.ok("LibTorch", text);
    }

    static Finding gradmimic() {
        String isa = NativeLibrary.cpuIsa();
        String forced = System.getenv("GRADMIMIC_ISA");
        String text = NativeLibrary.version() + ", instruction set " + isa + ", " + NativeLibrary.path();
        if (forced != null) {
            return Finding.warning(
                    "libgradmimic",
                    text,
                    "GRADMIMIC_ISA=" + forced + " chose the instruction set; unset it to use the best one");
        }
        return isa.equals("portable")
                ? Finding.warning(
                        "libgradmimic", text, "this processor has no AVX2; scores are the same, but take longer")
                : Finding.ok("libgradmimic", text);
    }

    static Finding threads() {
        int threads = Math.max(CpuThreads.libTorch(), CpuThreads.kernels());
        boolean shared = CpuThreads.shared();
        String text = "LibTorch " + CpuThreads.libTorch() + ", kernels " + CpuThreads.kernels()
                + (shared ? ", OpenBLAS on the same threads" : ", OpenBLAS on its own threads");
        int cores = Runtime.getRuntime().availableProcessors();
        if (threads > cores) {
            return Finding.warning(
                    "Threads",
                    text + ", but this process may use " + cores + " cores",
                    "use --threads " + cores + ", and check OMP_NUM_THREADS");
        }
        if (shared) return Finding.ok("Threads", text);
        return Finding.warning(
                "Threads",
                text,
                "set OMP_WAIT_POLICY=PASSIVE and OPENBLAS_THREAD_TIMEOUT=4, so that the two pools do not block each other");
    }

    static Finding openCv() {
        LibraryCache.require();
        String path = Loader.load(opencv_core.class);
        try (BytePointer version = opencv_core.getVersionString()) {
            // The string includes its final NUL.
            return Finding.ok("OpenCV", version.getString().trim() + ", " + path);
        }
    }

    static Finding duckDb() throws SQLException {
        try (Connection connection = DuckDb.open();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT version()")) {
            result.next();
            return Finding.ok("DuckDB", result.getString(1));
        }
    }
}
