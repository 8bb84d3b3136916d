package org.gradmimic.cli.doctor;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.cli.BuildInfo;
import org.gradmimic.kernel.NativeLibrary;

/** The native libraries: loaded, from where, and do their versions fit. */
final class Libraries {
    private static final Pattern TORCH_VERSION = Pattern.compile("TORCH_VERSION=([\\w.+-]+)");
    private static final Pattern TORCH_CPU = Pattern.compile("CPU capability usage: (\\S+)");

    private Libraries() {}

    static Finding torch() throws IOException {
        String path = Loader.load(torch.class);
        String config;
        try (BytePointer text = torch.show_config()) {
            config = text.getString();
        }
        String version = find(TORCH_VERSION, config);
        String presets = Loader.getVersion("org.bytedeco", "pytorch");
        String text = version + ", presets " + presets + ", CPU kernels " + find(TORCH_CPU, config) + ", " + path;
        if (!presets.equals(BuildInfo.torchPresets())) {
            return Finding.problem(
                    "LibTorch",
                    text,
                    "gradmimic was compiled against presets " + BuildInfo.torchPresets()
                            + "; put those on the class path, or run ./gradmimic build");
        }
        if (!presets.startsWith(version + "-")) {
            return Finding.problem(
                    "LibTorch",
                    text,
                    "the library that was loaded is not the one the presets belong to; take other LibTorch"
                            + " installations out of LD_LIBRARY_PATH, LD_PRELOAD and java.library.path");
        }
        return Finding.ok("LibTorch", text);
    }

    private static String find(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : "unknown";
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
                        "libgradmimic", text, "this processor lacks AVX2; scores are the same, but take longer")
                : Finding.ok("libgradmimic", text);
    }

    static Finding threads() {
        int libtorch = torch.get_num_threads();
        int kernels = NativeLibrary.cpuThreads();
        String text = "LibTorch " + libtorch + ", kernels " + kernels;
        int cores = Runtime.getRuntime().availableProcessors();
        if (Math.max(libtorch, kernels) <= cores) return Finding.ok("Threads", text);
        return Finding.warning(
                "Threads",
                text + ", but this process may use " + cores + " cores",
                "give --threads " + cores + ", and look at OMP_NUM_THREADS");
    }

    static Finding openCv() {
        String path = Loader.load(opencv_core.class);
        try (BytePointer version = opencv_core.getVersionString()) {
            // The string comes with the NUL that ends it.
            return Finding.ok("OpenCV", version.getString().trim() + ", " + path);
        }
    }

    static Finding duckDb() throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT version()")) {
            result.next();
            return Finding.ok("DuckDB", result.getString(1));
        }
    }
}
