package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.gradmimic.data.ImageSize;
import org.gradmimic.device.CudaSupport;
import org.gradmimic.model.ConvBackbone;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --device} of the commands that compute. */
class DeviceOptionTest {
    @TempDir
    Path folder;

    private Problem problem() {
        return new Problem(folder, 7, 11, 5, 3).probe("mimic");
    }

    @Test
    void theCpuAndWhatAutoChoosesGiveARun() {
        assertThat(problem().with("device", "cpu").run("probe").code()).isZero();
        assertThat(Files.exists(folder.resolve("run/final_weight.npy"))).isTrue();
    }

    @Test
    void autoIsSilentWithoutAGpu() {
        assumeTrue(!CudaSupport.nativesThere() && !CudaSupport.driverThere() && !CudaSupport.cardThere());
        Run run = problem().with("device", "auto").run("probe");
        assertThat(run.code()).isZero();
        assertThat(run.err()).doesNotContain("warning");
    }

    @Test
    void aDeviceThatCannotBeUsedIsRefusedWithTheReason() {
        String why = CudaSupport.problem(0);
        assumeTrue(why != null, "a machine without a CUDA device");
        Run run = problem().with("device", "cuda").run("probe");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).startsWith("gradmimic probe: cuda:0 cannot be used: " + why);
        assertThat(Files.exists(folder.resolve("run"))).isFalse();
    }

    private String[] score(String device) {
        return new Problem(folder, 7, 11, 5, 3).score().with("device", device).arguments("score features");
    }

    private String[] scoreModel(String device) {
        return new String[] {
            "score",
            "model",
            "--quiet",
            "--model=vit",
            "--model-config=" + Vectors.path("vit/config.json"),
            "--weights=" + Vectors.path("vit/model.safetensors"),
            "--reference=" + Vectors.path("vit/reference.safetensors"),
            "--images=" + Vectors.path("vit/images.npy"),
            "--labels=" + Vectors.path("vit/labels.npy"),
            "--mimic-layer=heads.head.weight",
            "--out=" + folder.resolve("out.npy"),
            "--device=" + device
        };
    }

    private String[] embed(String device) {
        Path model = folder.resolve("backbone.safetensors");
        try (ConvBackbone backbone = ConvBackbone.random(ImageSize.square(16), 1)) {
            backbone.save(model);
        }
        return new String[] {
            "embed",
            "--data=drawn:classes=2,train=5,test=2",
            "--model=" + model,
            "--out=" + folder.resolve("features"),
            "--device=" + device
        };
    }

    @Test
    void scoreAndEmbedTakeItToo() {
        for (String[] command : List.of(score("cpu"), scoreModel("cpu"), embed("cpu"))) {
            Run run = Run.main(command);
            assertThat(run.code()).as(run.err()).isZero();
        }
        assertThat(Files.exists(folder.resolve("out.npy"))).isTrue();
        assertThat(Files.exists(folder.resolve("features/features.npy"))).isTrue();
    }

    @Test
    void scoreAndEmbedRefuseADeviceThatCannotBeUsedToo() {
        String why = CudaSupport.problem(3);
        assumeTrue(why != null, "a machine with four CUDA devices");
        for (String[] command : List.of(score("cuda:3"), scoreModel("cuda:3"), embed("cuda:3"))) {
            Run run = Run.main(command);
            assertThat(run.code()).isEqualTo(2);
            assertThat(run.err()).startsWith("gradmimic " + command[0]).contains(": cuda:3 cannot be used: " + why);
        }
        assertThat(Files.exists(folder.resolve("out.npy"))).isFalse();
        assertThat(Files.exists(folder.resolve("features"))).isFalse();
    }

    @Test
    void anUnknownDeviceIsRefused() {
        Run run = problem().with("device", "gpu").run("probe");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("--device: 'gpu' is not a device; expected auto, cpu, cuda or cuda:N");
    }
}
