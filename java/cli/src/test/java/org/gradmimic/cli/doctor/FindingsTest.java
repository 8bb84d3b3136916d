package org.gradmimic.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.gradmimic.cli.doctor.Finding.Level;
import org.gradmimic.device.CudaLibraries;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the checks make of machines that are not this one. */
class FindingsTest {
    @Test
    void theLinkersWordsBecomeAdvice() {
        assertAdvice("/a/libx.so: libgomp.so.1: cannot open shared object file: No such file", "libgomp1");
        assertAdvice("/a/libx.so: libcudart.so.13: cannot open shared object file: No such file", "libcudart.so.13");
        assertAdvice("/lib/libc.so.6: version `GLIBC_2.38' not found (required by /a/libx.so)", "GLIBC_2.38");
        assertAdvice("/a/libx.so: file too short", "delete it");
        assertAdvice("/a/libx.so: invalid ELF header", "delete it");
        assertAdvice("/a/libx.so: failed to map segment from shared object", "cachedir");
        assertAdvice("no jnigradmimic in java.library.path: /usr/lib", "linux-x86_64");
        assertAdvice("java.io.IOException: No space left on device", "make room in");
        assertAdvice("something else", "report it");
    }

    private static void assertAdvice(String message, String advice) {
        Finding finding =
                LoadFailure.explain("LibTorch", new RuntimeException("around it", new UnsatisfiedLinkError(message)));
        assertThat(finding.level()).isEqualTo(Level.PROBLEM);
        assertThat(finding.text()).isEqualTo(message);
        assertThat(finding.advice()).contains(advice);
    }

    @Test
    void openMpRuntimesAreCountedByFile() {
        List<String> maps = List.of(
                "7f00-7f01 r--p 00000000 fe:00 1    /a/torch/libgomp.so.1",
                "7f01-7f02 r-xp 00001000 fe:00 1    /a/torch/libgomp.so.1",
                "7f03-7f04 r--p 00000000 fe:00 2    /usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0",
                "7f05-7f06 r--p 00000000 fe:00 3    /opt/my libs/libiomp5.so",
                "7f07-7f08 r--p 00000000 fe:00 4    /a/libgompertz.so",
                "7f09-7f0a rw-p 00000000 00:00 0");
        assertThat(OpenMp.runtimes(maps))
                .containsExactly(
                        "/a/torch/libgomp.so.1",
                        "/opt/my libs/libiomp5.so",
                        "/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0");
    }

    @Test
    void twoOpenMpRuntimesAreAWarning() {
        assertThat(OpenMp.judge(Set.of()).level()).isEqualTo(Level.WARNING);
        assertThat(OpenMp.judge(Set.of("/a/libgomp.so.1")).level()).isEqualTo(Level.OK);
        Finding two = OpenMp.judge(Set.of("/a/libgomp.so.1", "/b/libgomp.so.1"));
        assertThat(two.level()).isEqualTo(Level.WARNING);
        assertThat(two.text()).contains("/a/libgomp.so.1", "/b/libgomp.so.1");
    }

    @Test
    void cudaIsReportedMissingOnlyWithAGpu() {
        Finding none = Cuda.judge("no driver", false, Optional.empty());
        assertThat(none.level()).isEqualTo(Level.OK);
        assertThat(none.text()).contains("no NVIDIA GPU");
        Finding noDriver = Cuda.judge("no driver", true, Optional.empty());
        assertThat(noDriver.level()).isEqualTo(Level.WARNING);
        assertThat(noDriver.advice()).contains("nvidia-driver");
        Finding unused = Cuda.judge("built without CUDA", true, Optional.of("NVIDIA H100, 81559 MiB, 580.1 (driver)"));
        assertThat(unused.level()).isEqualTo(Level.WARNING);
        assertThat(unused.text()).contains("H100", "built without CUDA");
        Finding used = Cuda.judge(null, true, Optional.of("NVIDIA H100, 81559 MiB, 580.1 (driver)"));
        assertThat(used.level()).isEqualTo(Level.OK);
        assertThat(used.text()).contains("H100", "--device auto uses it");
    }

    @Test
    void eachMissingCudaLibraryIsNamedWithWhereItComesFrom(@TempDir Path root) throws IOException {
        Path cudart = root.resolve("usr/local/cuda-13.1/lib64/libcudart.so.13");
        Files.createDirectories(cudart.getParent());
        Files.createFile(cudart);
        CudaLibraries libraries = CudaLibraries.of(Map.of(), root, root.resolve("home"), List.of());
        List<Finding> findings = Cuda.libraries(libraries, true);
        assertThat(findings.get(0).level()).isEqualTo(Level.OK);
        assertThat(findings.get(0).text()).isEqualTo("libcudart.so.13: " + cudart);
        Finding cudnn = findings.stream()
                .filter(finding -> finding.text().startsWith("libcudnn.so.9"))
                .findFirst()
                .orElseThrow();
        assertThat(cudnn.level()).isEqualTo(Level.WARNING);
        assertThat(cudnn.text()).isEqualTo("libcudnn.so.9 is missing");
        assertThat(cudnn.advice()).contains("cuDNN 9", "nvidia-cudnn-cu13", "LD_LIBRARY_PATH");
        assertThat(Cuda.libraries(libraries, false))
                .containsExactly(Finding.ok(
                        "CUDA library",
                        "1 of the " + findings.size()
                                + " that LibTorch for CUDA is linked with are here; none is needed"));
    }
}
