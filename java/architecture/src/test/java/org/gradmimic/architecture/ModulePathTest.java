package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The core on the module path: a program in a module of its own takes a step, and does not see what is internal. */
class ModulePathTest {
    /** The core, what it depends on and their natives, in a folder of classes or as jars. */
    private static final Pattern CORE = Pattern.compile(
            ".*(/(base|kernel|core)/target/.*|/gradmimic-(base|kernel|core)-.*|/jspecify-.*|/bytedeco/(javacpp|pytorch|openblas|cuda)/.*)");

    private static final String STEP = """
            package program;

            import org.bytedeco.pytorch.LinearImpl;
            import org.bytedeco.pytorch.Scalar;
            import org.bytedeco.pytorch.Tensor;
            import org.bytedeco.pytorch.global.torch;
            import org.gradmimic.MimicHead;
            import org.gradmimic.TensorScope;
            import org.gradmimic.TrainingStep;
            import org.gradmimic.Weighting;

            public final class Main {
                public static void main(String[] arguments) {
                    try (TensorScope scope = TensorScope.open();
                            MimicHead head = MimicHead.builder(new LinearImpl(5, 3))
                                    .reference(torch.randn(3, 5))
                                    .weighting(Weighting.normedProj(0.5))
                                    .build()) {
                        Tensor labels = torch.tensor(0L, 1L, 2L, 0L);
                        TrainingStep step = head.step(torch.randn(4, 5), labels, torch.arange(new Scalar(4)));
                        step.backward();
                        System.out.println("in " + MimicHead.class.getModule() + ", finite: "
                                + Double.isFinite(step.meanLoss()));
                    }
                }
            }
            """;

    @TempDir
    private Path folder;

    private String path;

    @BeforeEach
    void declareModule() throws IOException {
        path = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> CORE.matcher(entry).matches())
                .collect(Collectors.joining(File.pathSeparator));
        Files.writeString(folder.resolve("module-info.java"), "module program { requires org.gradmimic.core; }");
    }

    @Test
    void programRuns() throws Exception {
        assertThat(compile(STEP)).isEmpty();
        String modules = path + File.pathSeparator + folder.resolve("classes");
        assertThat(run("java", "-p", modules, "--add-modules", "ALL-MODULE-PATH", "-m", "program/program.Main"))
                .contains("in module org.gradmimic.core, finite: true");
    }

    @Test
    void internalPackagesAreHidden() throws Exception {
        for (String internal : new String[] {
            "org.gradmimic.kernel.internal.Kernels",
            "org.gradmimic.kernel.internal.abi.gm_queue",
            "org.gradmimic.internal.DeviceArray"
        }) {
            String hidden = internal.substring(0, internal.lastIndexOf('.'));
            assertThat(compile("package program; class Main { Object o = " + internal + ".class; }"))
                    .contains("package " + hidden + " is not visible");
        }
    }

    private String compile(String source) throws Exception {
        Path main = Files.writeString(folder.resolve("Main.java"), source);
        return run(
                "javac",
                "-p",
                path,
                "-d",
                folder.resolve("classes").toString(),
                folder.resolve("module-info.java").toString(),
                main.toString());
    }

    /** {@return what a tool of this JDK says} */
    private String run(String tool, String... arguments) throws Exception {
        Path output = folder.resolve("output");
        String[] command = new String[arguments.length + 1];
        command[0] = Path.of(System.getProperty("java.home"), "bin", tool).toString();
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).as(tool + " ends").isTrue();
        return Files.readString(output);
    }
}
