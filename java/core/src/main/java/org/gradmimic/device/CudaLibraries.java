package org.gradmimic.device;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The libraries of CUDA that LibTorch's CUDA part and its presets are linked with, and where they are on this machine: where the dynamic linker
 * looks, in an installation of CUDA, or among the packages of a Python that has a torch for CUDA.
 */
public final class CudaLibraries {
    /**
     * A library.
     *
     * @param name as the dynamic linker knows it
     * @param toolkit what of NVIDIA's it comes with
     * @param pip the Python package that has it
     * @param optional LibTorch looks for it only when it is needed
     */
    public record Library(String name, String toolkit, String pip, boolean optional) {
        private static Library cuda(String name, String pip) {
            return new Library(name, "CUDA 13", pip, false);
        }

        private static Library cudnn(String name) {
            return new Library(name, "cuDNN 9", "nvidia-cudnn-cu13", false);
        }
    }

    /**
     * A library and its file.
     *
     * @param path null: it is missing
     */
    public record Found(Library library, @Nullable Path path) {}

    /** The driver's library: it comes with the driver and with nothing else. */
    public static final String DRIVER = "libcuda.so.1";

    /** In an order in which each comes after those that it needs itself. */
    private static final List<Library> LIBRARIES = List.of(
            Library.cuda("libcudart.so.13", "nvidia-cuda-runtime"),
            Library.cuda("libnvJitLink.so.13", "nvidia-nvjitlink"),
            Library.cuda("libcublasLt.so.13", "nvidia-cublas"),
            Library.cuda("libcublas.so.13", "nvidia-cublas"),
            Library.cuda("libcusparse.so.12", "nvidia-cusparse"),
            Library.cuda("libcusolver.so.12", "nvidia-cusolver"),
            Library.cuda("libcusolverMg.so.12", "nvidia-cusolver"),
            Library.cuda("libcufft.so.12", "nvidia-cufft"),
            Library.cuda("libcurand.so.10", "nvidia-curand"),
            Library.cuda("libcufile.so.0", "nvidia-cufile"),
            Library.cuda("libcupti.so.13", "nvidia-cuda-cupti"),
            new Library("libnccl.so.2", "NCCL 2", "nvidia-nccl-cu13", false),
            Library.cudnn("libcudnn.so.9"),
            Library.cudnn("libcudnn_graph.so.9"),
            Library.cudnn("libcudnn_ops.so.9"),
            Library.cudnn("libcudnn_cnn.so.9"),
            Library.cudnn("libcudnn_adv.so.9"),
            new Library("libnvrtc.so.13", "CUDA 13", "nvidia-cuda-nvrtc", true));

    private static final Pattern CACHED = Pattern.compile("\\s*(\\S+) \\(.*x86-64.*\\) => (/.*)");

    private final Set<Path> folders;
    private final Map<String, Path> cache;

    private CudaLibraries(Set<Path> folders, Map<String, Path> cache) {
        this.folders = folders;
        this.cache = cache;
    }

    /** Those of this machine. */
    public static CudaLibraries here() {
        return of(System.getenv(), Path.of("/"), Path.of(System.getProperty("user.home")), ldCache());
    }

    /**
     * Those of a machine whose environment, root folder and home these are.
     *
     * @param ldCache what {@code ldconfig -p} prints
     */
    public static CudaLibraries of(Map<String, String> environment, Path root, Path home, List<String> ldCache) {
        Set<Path> folders = new LinkedHashSet<>();
        paths(environment.get("LD_LIBRARY_PATH")).forEach(folders::add);
        for (String name : List.of("CUDA_HOME", "CUDA_PATH")) {
            paths(environment.get(name)).forEach(cuda -> addToolkit(folders, cuda));
        }
        for (Path cuda : children(root.resolve("usr/local"), "cuda*")) addToolkit(folders, cuda);
        folders.add(root.resolve("usr/lib/x86_64-linux-gnu"));
        folders.add(root.resolve("usr/lib64"));
        folders.add(root.resolve("usr/lib/wsl/lib"));
        for (Path packages : sitePackages(environment, root, home)) {
            for (Path nvidia : children(packages.resolve("nvidia"), "*")) folders.add(nvidia.resolve("lib"));
        }
        Map<String, Path> cached = new HashMap<>();
        for (String line : ldCache) {
            Matcher matcher = CACHED.matcher(line);
            if (matcher.matches()) cached.putIfAbsent(matcher.group(1), Path.of(matcher.group(2)));
        }
        return new CudaLibraries(folders, cached);
    }

    private static void addToolkit(Set<Path> folders, Path cuda) {
        folders.add(cuda.resolve("lib64"));
        folders.add(cuda.resolve("lib"));
        folders.add(cuda.resolve("targets/x86_64-linux/lib"));
        folders.add(cuda.resolve("extras/CUPTI/lib64"));
    }

    /** Where the Pythons of this machine keep packages: an active environment first, then the one on the path. */
    private static Set<Path> sitePackages(Map<String, String> environment, Path root, Path home) {
        Set<Path> found = new LinkedHashSet<>(paths(environment.get("PYTHONPATH")));
        Set<Path> prefixes = new LinkedHashSet<>();
        for (String name : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) prefixes.addAll(paths(environment.get(name)));
        for (Path bin : paths(environment.get("PATH"))) {
            Path python = bin.resolve("python3");
            if (!Files.isExecutable(python) || bin.getParent() == null) continue;
            prefixes.add(bin.getParent());
            try {
                Path real = python.toRealPath();
                Path above = real.getParent();
                Path prefix = above == null ? null : above.getParent();
                if (prefix != null && prefix.getNameCount() > 0) prefixes.add(prefix);
            } catch (IOException e) {
                // A broken link.
            }
        }
        prefixes.add(home.resolve(".local"));
        prefixes.add(root.resolve("usr/local"));
        prefixes.add(root.resolve("opt/conda"));
        for (Path prefix : prefixes) {
            for (Path python : children(prefix.resolve("lib"), "python3*")) {
                found.add(python.resolve("site-packages"));
                found.add(python.resolve("dist-packages"));
            }
        }
        return found;
    }

    private static List<Path> paths(@Nullable String list) {
        List<Path> paths = new ArrayList<>();
        if (list == null) return paths;
        for (String part : list.split(File.pathSeparator)) {
            if (!part.isBlank()) paths.add(Path.of(part));
        }
        return paths;
    }

    /** What matches in a folder, newest versions first; nothing where there is no such folder. */
    private static List<Path> children(Path folder, String glob) {
        List<Path> all = new ArrayList<>();
        if (!Files.isDirectory(folder)) return all;
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, glob)) {
            stream.forEach(all::add);
        } catch (IOException e) {
            return List.of(); // a folder that may not be read has nothing for us
        }
        all.sort((a, b) -> b.getFileName().toString().compareTo(a.getFileName().toString()));
        return all;
    }

    private static List<String> ldCache() {
        for (String program : List.of("/sbin/ldconfig", "/usr/sbin/ldconfig")) {
            if (!Files.isExecutable(Path.of(program))) continue;
            try {
                Process process = new ProcessBuilder(program, "-p")
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                process.getOutputStream().close();
                return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                        .lines()
                        .toList();
            } catch (IOException e) {
                return List.of(); // the folders remain
            }
        }
        return List.of();
    }

    /** The file of a library by its name, where there is one. */
    public Optional<Path> find(String name) {
        for (Path folder : folders) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) return Optional.of(file);
        }
        return Optional.ofNullable(cache.get(name)).filter(Files::isRegularFile);
    }

    /** Every library that is needed, with its file, in an order in which they can be loaded. */
    public List<Found> all() {
        return LIBRARIES.stream()
                .map(library -> new Found(library, find(library.name()).orElse(null)))
                .toList();
    }

    /** Those without which LibTorch's CUDA part cannot be loaded. */
    public List<Library> missing() {
        return all().stream()
                .filter(found -> found.path() == null && !found.library().optional())
                .map(Found::library)
                .toList();
    }
}
