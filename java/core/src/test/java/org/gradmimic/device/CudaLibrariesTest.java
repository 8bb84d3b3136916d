package org.gradmimic.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradmimic.device.CudaLibraries.Found;
import org.gradmimic.device.CudaLibraries.Library;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On machines made of empty files. */
class CudaLibrariesTest {
    private static final String CUBLAS = "libcublas.so.13";

    @TempDir
    private Path root;

    private Path file(String path) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.exists(file) ? file : Files.createFile(file);
    }

    private CudaLibraries libraries(Map<String, String> environment, String... ldCache) {
        return CudaLibraries.of(environment, root, root.resolve("home"), List.of(ldCache));
    }

    @Test
    void onAnEmptyMachineEveryLibraryIsMissingWithItsSource() {
        CudaLibraries none = libraries(Map.of());
        assertThat(none.find(CUBLAS)).isEmpty();
        assertThat(none.missing()).extracting(Library::name).contains("libcudart.so.13", CUBLAS, "libcudnn.so.9");
        assertThat(none.missing()).extracting(Library::pip).contains("nvidia-cublas", "nvidia-cudnn-cu13");
        // LibTorch asks for it only when it compiles something.
        assertThat(none.missing()).extracting(Library::name).doesNotContain("libnvrtc.so.13");
        assertThat(none.all()).extracting(Found::path).containsOnlyNulls();
    }

    @Test
    void theLinkersOwnPathComesFirstThenToolkitsThenPython() throws IOException {
        Path python = file("venv/lib/python3.11/site-packages/nvidia/cu13/lib/" + CUBLAS);
        Map<String, String> inVenv = Map.of("VIRTUAL_ENV", root.resolve("venv").toString());
        assertThat(libraries(inVenv).find(CUBLAS)).contains(python);
        Path older = file("usr/local/cuda-13.0/lib64/" + CUBLAS);
        assertThat(libraries(inVenv).find(CUBLAS)).contains(older);
        Path newer = file("usr/local/cuda-13.1/lib64/" + CUBLAS);
        assertThat(libraries(inVenv).find(CUBLAS)).contains(newer);
        Path named = file("opt/toolkit/targets/x86_64-linux/lib/" + CUBLAS);
        assertThat(libraries(Map.of("CUDA_HOME", root.resolve("opt/toolkit").toString()))
                        .find(CUBLAS))
                .contains(named);
        Path linker = file("mine/" + CUBLAS);
        assertThat(libraries(Map.of(
                                "LD_LIBRARY_PATH",
                                root.resolve("nowhere") + ":" + root.resolve("mine"),
                                "CUDA_HOME",
                                root.resolve("opt/toolkit").toString()))
                        .find(CUBLAS))
                .contains(linker);
    }

    @Test
    void thePythonOnThePathIsFollowedToWhereItsPackagesAre() throws IOException {
        Path library = file("python/lib/python3.12/site-packages/nvidia/cudnn/lib/libcudnn.so.9");
        Path real = file("python/bin/python3.12");
        assertThat(real.toFile().setExecutable(true)).isTrue();
        Files.createDirectories(root.resolve("shims"));
        Files.createSymbolicLink(root.resolve("shims/python3"), real);
        Map<String, String> path = Map.of("PATH", root.resolve("none") + ":" + root.resolve("shims"));
        assertThat(libraries(path).find("libcudnn.so.9").orElseThrow().toRealPath())
                .isEqualTo(library.toRealPath());
        Path user = file("home/.local/lib/python3.11/site-packages/nvidia/nccl/lib/libnccl.so.2");
        assertThat(libraries(path).find("libnccl.so.2")).contains(user);
        Path named = file("packages/nvidia/cufft/lib/libcufft.so.12");
        assertThat(libraries(Map.of("PYTHONPATH", root.resolve("packages").toString()))
                        .find("libcufft.so.12"))
                .contains(named);
    }

    @Test
    void staleEntriesOfTheLinkersCacheAreIgnored() throws IOException {
        Path cached = file("strange/libcurand.so.10");
        CudaLibraries libraries = libraries(
                Map.of(),
                "2 libs found in cache `/etc/ld.so.cache'",
                "\tlibcurand.so.10 (libc6,x86-64) => " + cached,
                "\tlibcufft.so.12 (libc6,x86-64) => " + root.resolve("gone/libcufft.so.12"),
                "\tlibcusolver.so.12 (libc6,AArch64) => " + cached);
        assertThat(libraries.find("libcurand.so.10")).contains(cached);
        assertThat(libraries.find("libcufft.so.12")).isEmpty();
        assertThat(libraries.find("libcusolver.so.12")).isEmpty();
    }

    @Test
    void aCompleteMachineMissesNothing() throws IOException {
        for (Found needed : libraries(Map.of()).all()) {
            file("usr/local/cuda/lib64/" + needed.library().name());
        }
        CudaLibraries complete = libraries(Map.of());
        assertThat(complete.missing()).isEmpty();
        assertThat(complete.all()).extracting(Found::path).doesNotContainNull();
    }

    @Test
    void theReasonIsTheFirstMissingLibrary() {
        List<Library> missing = libraries(Map.of()).missing();
        assertThat(CudaSupport.judge(false, false, missing)).isEqualTo("this LibTorch is for the CPU only");
        assertThat(CudaSupport.judge(true, false, missing)).contains("no NVIDIA driver", "libcuda.so.1");
        assertThat(CudaSupport.judge(true, true, missing)).contains("missing libcudart.so.13, ");
        assertThat(CudaSupport.judge(true, true, List.of())).isNull();
    }
}
