package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.layer.Parameters;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loops in README.md train as they stand there. (java/architecture compiles the Java of every page.) */
class ReadmeTest {
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    /** What the texts take for granted. */
    private static final String CONTEXT = """
            import java.nio.file.Path;
            import java.util.List;
            import org.bytedeco.javacpp.PointerScope;
            import org.bytedeco.pytorch.*;
            import org.bytedeco.pytorch.Module;
            import org.bytedeco.pytorch.global.torch;
            import org.gradmimic.*;
            import org.gradmimic.select.score.*;
            import org.gradmimic.layer.*;

            public final class Example {
                public record Batch(Tensor x, Tensor labels, Tensor ids) {}

                static List<Batch> loader(int steps) {
                    List<Batch> batches = new java.util.ArrayList<>();
                    for (int b = 0; b < steps; b++) {
                        Tensor ids = Tensors.of(new long[] {3L * b, 3L * b + 1, 3L * b + 2}, 3);
                        batches.add(new Batch(torch.randn(3, 6), Tensors.of(new long[] {0, 1, 2}, 3), ids));
                    }
                    return batches;
                }

                public static void head(
                        Module model, LinearImpl backbone, LinearImpl linear, Tensor referenceWeight, int steps) {
                    List<Batch> loader = loader(steps);
                    SGD optimizer = new SGD(model.parameters(), new SGDOptions(0.1));
                    %s
                }

                public static void layers(
                        Module model, LinearImpl fc1, LinearImpl fc2, Parameters reference, ScoreTable table, int steps) {
                    List<Batch> loader = loader(steps);
                    SGD optimizer = new SGD(model.parameters(), new SGDOptions(0.1));
                    %s
                }
            }
            """;

    private static final int STEPS = 4;

    @TempDir
    private Path folder;

    private static List<String> blocks() throws IOException {
        List<String> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(Files.readString(Path.of("../../README.md")));
        while (matcher.find()) blocks.add(matcher.group(1));
        return blocks;
    }

    private Class<?> compiled(ClassLoader parent) throws IOException, ClassNotFoundException {
        List<String> readme = blocks();
        assertThat(readme).hasSize(2);
        String head = readme.get(0).replace("Path.of(\"scores\")", "Path.of(\"" + folder.resolve("scores") + "\")");
        Path source = Files.writeString(folder.resolve("Example.java"), CONTEXT.formatted(head, readme.get(1)));
        String classes = folder.toString();
        int status = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-cp", System.getProperty("java.class.path"), "-d", classes, source.toString());
        assertThat(status).as("javac, whose errors are above").isZero();
        return Class.forName("Example", true, parent);
    }

    @Test
    void itsExamplesCompileAndTrain() throws Exception {
        try (URLClassLoader loader =
                        new URLClassLoader(new URL[] {folder.toUri().toURL()});
                PointerScope scope = new PointerScope()) {
            Class<?> example = compiled(loader);
            torch.manual_seed(1);
            Module model = new Module();
            LinearImpl fc1 = new LinearImpl(6, 4);
            LinearImpl fc2 = new LinearImpl(4, 3);
            model.register_module("fc1", fc1);
            model.register_module("fc2", fc2);
            Tensor first = fc1.weight().detach().clone();
            Tensor last = fc2.weight().detach().clone();
            example.getMethod("head", Module.class, LinearImpl.class, LinearImpl.class, Tensor.class, int.class)
                    .invoke(null, model, fc1, fc2, torch.randn(3, 4), STEPS);
            assertThat(ScoreLog.open(folder.resolve("scores")).rows()).isEqualTo(3 * STEPS);
            assertThat(fc1.weight().equal(first)).isFalse();
            assertThat(fc2.weight().equal(last)).isFalse();

            last = fc2.weight().detach().clone();
            List<Long> logged = new ArrayList<>();
            ScoreTable.Sink sink = (epoch, step, ids, score, weight, loss, n) -> {
                for (int i = 0; i < n; i++) logged.add(ids[i]);
            };
            try (Parameters reference = Parameters.of(Map.of("fc1.weight", torch.randn(4, 6)));
                    ScoreTable table = new ScoreTable(16, sink)) {
                example.getMethod(
                                "layers",
                                Module.class,
                                LinearImpl.class,
                                LinearImpl.class,
                                Parameters.class,
                                ScoreTable.class,
                                int.class)
                        .invoke(null, model, fc1, fc2, reference, table, STEPS);
                table.drain();
            }
            assertThat(logged).hasSize(3 * STEPS).contains(0L, 3L * STEPS - 1);
            assertThat(fc2.weight().equal(last)).isFalse();
        }
    }
}
