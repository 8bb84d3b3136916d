package org.gradmimic.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.device.Device;
import org.gradmimic.kernel.NativeLibrary;

/** What a number depends on besides the code: the machine, the libraries, the settings in the environment. */
final class Environment {
    private static final Pattern SETTING = Pattern.compile("(OPENBLAS|OMP|GOMP|MKL|MALLOC|GRADMIMIC)_.*");

    private Environment() {}

    static Map<String, Object> machine() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("cpu", firstMatch(Path.of("/proc/cpuinfo"), "model name\\s*:\\s*(.*)"));
        json.put("cores", Runtime.getRuntime().availableProcessors());
        json.put("memory_kib", firstMatch(Path.of("/proc/meminfo"), "MemTotal:\\s*(\\d+)"));
        json.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        return json;
    }

    static Map<String, Object> device(Device device) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", device.toString());
        if (device.kind() == Device.Kind.CUDA) json.put("facts", device.facts());
        return json;
    }

    static Map<String, Object> software() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("gradmimic", NativeLibrary.version());
        json.put("gradmimic_isa", NativeLibrary.cpuIsa());
        json.put("gradmimic_threads", NativeLibrary.cpuThreads());
        json.put("revision", revision());
        json.put("libtorch", artifactVersion("pytorch"));
        json.put("libtorch_isa", torch.get_cpu_capability().getString());
        json.put("libtorch_threads", torch.get_num_threads());
        json.put("openblas", artifactVersion("openblas"));
        json.put("openblas_core", openBlasCore());
        json.put("jdk", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        Map<String, String> settings = new TreeMap<>(System.getenv());
        settings.keySet().removeIf(name -> !SETTING.matcher(name).matches());
        json.put("environment", settings);
        return json;
    }

    /** Load averages over 1, 5 and 15 minutes. */
    static String load() {
        return firstMatch(Path.of("/proc/loadavg"), "(\\S+ \\S+ \\S+)");
    }

    private static String firstMatch(Path file, String pattern) {
        try {
            Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(file));
            return matcher.find() ? matcher.group(1) : "unknown";
        } catch (IOException e) {
            return "unknown";
        }
    }

    private static String artifactVersion(String artifact) {
        String resource = "/META-INF/maven/org.bytedeco/" + artifact + "/pom.properties";
        try (InputStream in = Loader.class.getResourceAsStream(resource)) {
            if (in == null) return "unknown";
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version", "unknown");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The commit, with "-modified" where files that are built differ from it. */
    private static String revision() {
        String commit = output(List.of("git", "rev-parse", "--short=12", "HEAD"), Map.of())
                .strip();
        String changes = output(List.of("git", "status", "--porcelain", "--", "native", "java", "bench/src"), Map.of());
        return commit.isEmpty() ? "unknown" : changes.isBlank() ? commit : commit + "-modified";
    }

    /** The kernels OpenBLAS chooses in this environment: it tells whoever loads it with OPENBLAS_VERBOSE=2. */
    private static String openBlasCore() {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OpenBlas.class.getName());
        Matcher core = Pattern.compile("Core: *(\\S+)").matcher(output(command, Map.of("OPENBLAS_VERBOSE", "2")));
        return core.find() ? core.group(1) : "unknown";
    }

    /** Loads OpenBLAS and does nothing. */
    static final class OpenBlas {
        private OpenBlas() {}

        public static void main(String[] arguments) {
            Loader.load(openblas_nolapack.class);
        }
    }

    private static String output(List<String> command, Map<String, String> environment) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().putAll(environment);
            Process process = builder.start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? text : "";
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
