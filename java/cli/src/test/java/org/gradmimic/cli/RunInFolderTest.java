package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the commands do with a folder whose run still goes on, has ended, or has failed. */
@Timeout(300)
class RunInFolderTest {
    private static final List<String> RESULTS =
            List.of("final_weight.npy", "final_bias.npy", "scores.npy", "sample_weights.npy");

    @TempDir
    Path folder;

    private Problem problem(int epochs) {
        return new Problem(folder, 1, 200, 8, 3)
                .probe("mimic")
                .with("batch-size", 32)
                .with("epochs", epochs)
                .with("quiet", "");
    }

    private Path whole(Problem problem, int epochs) {
        Path whole = folder.resolve("whole");
        Path out = problem.out();
        Run run = problem.with("epochs", epochs).with("out", whole).run("probe");
        assertThat(run.code()).as(run.err()).isZero();
        problem.with("out", out);
        return whole;
    }

    private static void assertSameBits(Path run, Path expected) {
        for (String name : RESULTS) {
            assertThat(run.resolve(name)).as(name).hasSameBinaryContentAs(expected.resolve(name));
        }
    }

    @Test
    void aProbeThatGoesOnIsNotDisturbed() throws Exception {
        Problem problem = problem(30);
        whileItGoesOn(problem.arguments("probe"), problem.out(), () -> {
            for (String option : new String[] {"quiet", "resume", "overwrite"}) {
                Run run = problem.with(option, "").run("probe");
                run.assertRefused("probe", problem.out() + " is in use by process ");
                if (!option.equals("quiet")) problem.without(option);
            }
        });
        assertSameBits(problem.out(), whole(problem, 30));
    }

    @Test
    void aDemoThatGoesOnIsNotDisturbed() throws Exception {
        Path out = folder.resolve("demo");
        String[] demo = {
            "demo",
            "--quiet",
            "--data",
            "drawn:classes=4,train=200,test=40",
            "--backbone-epochs",
            "1",
            "--epochs",
            "1",
            "--out",
            out.toString(),
            "--resume"
        };
        whileItGoesOn(demo, out, () -> {
            Run.main(demo).assertRefused("demo", out + " is in use by process ");
            demo[demo.length - 1] = "--overwrite";
            Run.main(demo).assertRefused("demo", out + " is in use by process ");
        });
        assertThat(out.resolve("metrics.json")).exists();
    }

    private interface Attempts {
        void run() throws Exception;
    }

    /** Starts a command, makes attempts while it is stopped in the middle of its run, and requires it to end well. */
    private void whileItGoesOn(String[] arguments, Path out, Attempts attempts) throws Exception {
        Path err = folder.resolve("err.txt");
        ProcessBuilder builder = Run.java(Main.class.getName());
        builder.command().addAll(List.of(arguments));
        Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(err.toFile())
                .start();
        try {
            while (process.isAlive() && !Files.exists(out.resolve(".run.json"))) Thread.sleep(5);
            signal(process, "STOP");
            assertThat(process.isAlive()).as(Files.readString(err)).isTrue();
            attempts.run();
            signal(process, "CONT");
            assertThat(process.waitFor(4, TimeUnit.MINUTES)).as("ends").isTrue();
            assertThat(process.exitValue()).as(Files.readString(err)).isZero();
        } finally {
            process.destroyForcibly().waitFor();
        }
        try (Stream<Path> files = Files.walk(out)) {
            assertThat(files.map(Path::toString)).noneMatch(name -> name.endsWith(".tmp"));
        }
    }

    private static void signal(Process process, String name) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    /** A run that diverged can be started anew in its folder, with better settings. */
    @Test
    void aRunThatDivergedIsOverwritten() throws Exception {
        Problem problem = problem(2);
        Run diverged = problem.with("optimizer", "sgd").with("lr", "1e38").run("probe");
        assertThat(diverged.code()).isEqualTo(2);
        assertThat(diverged.err()).contains("has no finite score", "a smaller learning rate");
        problem.with("lr", "0.01")
                .run("probe")
                .assertRefused("probe", problem.out() + " contains an unfinished run", "--overwrite");
        problem.with("resume", "").run("probe").assertRefused("probe", "other settings: --lr (1.0E38, now 0.01)");
        Run anew = problem.without("resume").with("overwrite", "").run("probe");
        assertThat(anew.code()).as(anew.err()).isZero();
        problem.without("overwrite");
        assertSameBits(problem.out(), whole(problem, 2));
    }

    @Test
    void aFinishedRunIsExtendedToTheBitsOfALongerOne() {
        for (String mode : new String[] {"mimic", "agra", "sgd"}) {
            Problem problem = problem(2).with("mode", mode).with("out", folder.resolve(mode));
            assertThat(problem.run("probe").code()).isZero();
            problem.with("resume", "").run("probe").assertRefused("probe", "finished run", "--epochs");
            Run extended = problem.with("epochs", 5).run("probe");
            assertThat(extended.code()).as(extended.err()).isZero();
            Path out = problem.out();
            problem.without("resume").with("out", folder.resolve(mode + "-whole"));
            assertThat(problem.run("probe").code()).isZero();
            assertSameBits(out, problem.out());
        }
    }

    /** {@code --overwrite} deletes runs and nothing else. */
    @Test
    void aFolderThatIsNoRunIsNotOverwritten() throws IOException {
        Problem problem = problem(1).with("overwrite", "");
        Path notes = Files.writeString(Files.createDirectory(problem.out()).resolve("notes.txt"), "mine");
        problem.run("probe").assertRefused("probe", problem.out() + " is not empty: it holds notes.txt");
        assertThat(notes).hasContent("mine");
        Files.delete(notes);
        assertThat(problem.run("probe").code()).isZero();
        Files.writeString(notes, "mine");
        problem.run("probe").assertRefused("probe", "also contains notes.txt");
        assertThat(notes).hasContent("mine");
        assertThat(problem.out().resolve("metrics.json")).exists();
    }
}
