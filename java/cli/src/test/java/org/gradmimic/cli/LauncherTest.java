package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The launcher script in a tree and with tools of the test's own: nothing is really built. */
@Timeout(60)
class LauncherTest {
    private static final Path SCRIPT = Path.of("..", "..", "gradmimic");
    private static final Path NATIVE_SCRIPT = Path.of("..", "..", "cmake", "build.sh");
    private static final List<String> COREUTILS = List.of(
            "cksum",
            "cp",
            "cut",
            "dirname",
            "find",
            "flock",
            "getent",
            "grep",
            "ln",
            "mkdir",
            "mv",
            "readlink",
            "rm",
            "sed",
            "sleep",
            "sort",
            "tail");

    @TempDir
    Path folder;

    private Path root;
    private Path tools;

    @BeforeEach
    void makeTree() throws IOException {
        root = folder.resolve("a clone");
        tools = Files.createDirectory(folder.resolve("bin"));
        for (String tool : COREUTILS) {
            tool(tool, "exec /usr/bin/" + tool + " \"$@\"");
        }
        write("pom.xml", "<project/>");
        write("native/CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\n");
        write("cmake/a.cmake", "");
        write("java/cli/src/main/java/A.java", "class A {}");
        write("java/cli/src/main/java/B.java", "class B {}");
        Files.copy(SCRIPT, root.resolve("gradmimic"));
    }

    @Test
    void namesAllThatIsMissingAtOnce() throws Exception {
        Run run = launch("doctor");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .contains("javac 17", "java 17", "mvn 3.8", "g++", "cmake 3.25", "make")
                .contains("apt-get install -y default-jdk-headless maven g++ cmake make\n");
    }

    @Test
    void namesWhatIsTooOld() throws Exception {
        installTools();
        tool("javac", "echo 'javac 11.0.25'");
        tool("cmake", "echo 'cmake version 3.18.4'");
        Run run = launch("doctor");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .contains("javac 17 or newer (found 11.0.25)", "cmake 3.25 or newer (found 3.18.4)")
                .contains("apt-get install -y default-jdk-headless cmake\n")
                .doesNotContain("mvn", "g++");
    }

    @Test
    void prerequisitesPrintsThePackagesAlone() throws Exception {
        installTools();
        assertThat(launch("prerequisites")).isEqualTo(new Run(0, "", ""));
        Files.delete(tools.resolve("g++"));
        Run run = launch("prerequisites");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEqualTo("g++\n");
    }

    @Test
    void javaHomeIsUsedAndNamed() throws Exception {
        installTools();
        ProcessBuilder builder = launcher(root.resolve("gradmimic"), "doctor");
        builder.environment().put("JAVA_HOME", "/no/java");
        Run run = Run.process(builder);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("JAVA_HOME is /no/java; javac 17 or newer");
    }

    @Test
    void buildsOnceAndThenRuns() throws Exception {
        installTools();
        Run first = launch("score", "--out", "a b.npy");
        assertThat(first.code()).isZero();
        assertThat(first.out())
                .isEqualTo("-Djava.awt.headless=true|-Dorg.bytedeco.javacpp.maxPhysicalBytes=0|-jar|" + installed()
                        + "|score|--out|a b.npy|\n");
        assertThat(first.err()).contains("building", "built in");
        Run second = launch("score");
        assertThat(second.code()).isZero();
        assertThat(second.err()).isEmpty();
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void buildsAgainWhenASourceWasEditedAddedOrDeleted() throws Exception {
        installTools();
        launch("build");
        write("java/cli/src/main/java/A.java", "final class A {}");
        launch("build");
        assertThat(builds()).as("edited").isEqualTo(2);
        Files.delete(root.resolve("java/cli/src/main/java/B.java"));
        launch("build");
        assertThat(builds()).as("deleted").isEqualTo(3);
        write("native/src/c.cpp", "");
        launch("build");
        assertThat(builds()).as("added").isEqualTo(4);
        Files.delete(installed());
        launch("build");
        assertThat(builds()).as("jar deleted").isEqualTo(5);
        write("java/cli/src/test/java/ATest.java", "class ATest {}");
        write("java/cli/target/classes/A.class", "");
        write("native/build/release/a.o", "");
        write("README.md", "");
        launch("build");
        assertThat(builds()).as("nothing that the command is made of").isEqualTo(5);
    }

    @Test
    void aFailedBuildShowsTheLogsEndAndIsTriedAgain() throws Exception {
        installTools();
        tool("mvn", "[[ $1 == -version ]] && echo 'Apache Maven 3.8.7' || { echo 'A.java: no such symbol'; exit 1; }");
        Run run = launch("doctor");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("the build failed", "target/launcher/build.log", "A.java: no such symbol");
        installTools();
        assertThat(launch("doctor").code()).isZero();
    }

    @Test
    void aFailedBuildLeavesTheOneBefore() throws Exception {
        installTools();
        launch("build");
        Path before = installed();
        tool("mvn", "[[ $1 == -version ]] && echo 'Apache Maven 3.8.7' || exit 1");
        write("java/cli/src/main/java/A.java", "final class A {");
        assertThat(launch("build").code()).isEqualTo(1);
        assertThat(installed()).isEqualTo(before).hasContent("jar\n");
    }

    /** CMake refuses a folder that was configured where the checkout was before. */
    @Test
    void aNativeBuildOfAnotherPlaceIsBegunAnew() throws Exception {
        Path script = Files.copy(NATIVE_SCRIPT, root.resolve("cmake/build.sh"));
        tool("cmake", "printf '%s|' \"$@\"");
        Path here = root.resolve("native").toRealPath();
        write("native/build/dev/a.o", "compiled");
        write("native/build/dev/CMakeCache.txt", "CMAKE_HOME_DIRECTORY:INTERNAL=" + here + "\n");
        Run run = Run.process(launcher(script, "configure", "dev"));
        assertThat(run.out()).isEqualTo("-S|" + here + "|--preset|dev|-Wno-dev|--log-level=NOTICE|");
        assertThat(root.resolve("native/build/dev/a.o")).hasContent("compiled");
        write("native/build/dev/CMakeCache.txt", "CMAKE_HOME_DIRECTORY:INTERNAL=/another/native\n");
        run = Run.process(launcher(script, "configure", "dev"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("was configured in another place").contains("-S|" + here);
        assertThat(root.resolve("native/build/dev")).doesNotExist();
    }

    @Test
    void aBuildThatRunsKeepsItsFilesUntilItEnds() throws Exception {
        installTools();
        tool("java", """
                [[ $1 == -version ]] && { echo 'openjdk version "17.0.15"'; exit; }
                [[ $* == *-jar* ]] || exit 1
                while [[ ! -f go ]]; do sleep 0.05; done
                [[ -f ${*: -2:1} ]] && echo still there""");
        launch("build");
        CompletableFuture<Run> running = CompletableFuture.supplyAsync(() -> {
            try {
                return Run.process(launcher(root.resolve("gradmimic"), "doctor").directory(root.toFile()));
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        Path before = installed();
        // Its lock is taken as soon as java runs; the folder would be removed without it.
        while (Run.process(new ProcessBuilder(
                                "/usr/bin/flock", "-n", before.getParent().toString(), "/bin/true"))
                        .code()
                == 0) Thread.sleep(20);
        write("java/cli/src/main/java/A.java", "final class A {}");
        assertThat(launch("build").code()).isZero();
        assertThat(installed()).isNotEqualTo(before);
        write("go", "");
        assertThat(running.get().out()).isEqualTo("still there\n");
        write("java/cli/src/main/java/A.java", "class A {}");
        launch("build");
        assertThat(before).doesNotExist();
    }

    @Test
    void launchesAtTheSameTimeBuildOnce() throws Exception {
        installTools();
        List<CompletableFuture<Run>> launches = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            launches.add(CompletableFuture.supplyAsync(() -> {
                try {
                    return launch("doctor");
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }));
        }
        for (CompletableFuture<Run> launch : launches)
            assertThat(launch.get().code()).isZero();
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void findsItsTreeThroughASymbolicLink() throws Exception {
        installTools();
        Path link = Files.createSymbolicLink(folder.resolve("gm"), root.resolve("gradmimic"));
        Run run = Run.process(launcher(link, "doctor").directory(Path.of("/").toFile()));
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains(installed().toString());
    }

    @Test
    void handsOnTheExitCodeAndTheJavaOptions() throws Exception {
        installTools();
        tool("java", "[[ $1 == -version ]] && echo 'openjdk version \"17.0.15\"' || { echo \"$*\"; exit 42; }");
        ProcessBuilder builder = launcher(root.resolve("gradmimic"), "doctor");
        builder.environment().put("GRADMIMIC_JAVA_OPTS", "-Xmx8g -ea");
        Run run = Run.process(builder);
        assertThat(run.code()).isEqualTo(42);
        assertThat(run.out()).contains(" -Xmx8g -ea -jar ");
    }

    @Test
    void anArchiveOfClassesIsUsedIfJavaMadeOne() throws Exception {
        installTools();
        tool("java", """
                [[ $1 == -version ]] && { echo 'openjdk version "17.0.15"'; exit; }
                [[ $* == *-Xshare:dump* ]] && : > "${3#*=}"
                printf '%s|' "$@"; echo""");
        Run run = launch("doctor");
        Path archive = installed().resolveSibling("classes.jsa");
        assertThat(archive).exists();
        assertThat(run.out())
                .contains("|-XX:SharedArchiveFile=" + archive + "|-Xlog:cds*=off|-jar|")
                .doesNotContain("StartUp");
        Files.delete(archive);
        assertThat(launch("doctor").out()).doesNotContain("Archive", "-Xlog");
        // A java that cannot make one.
        tool("java", """
                [[ $1 == -version ]] && { echo 'openjdk version "17.0.15"'; exit; }
                [[ $* == *-Xshare:dump* ]] && { : > "${3#*=}"; exit 1; }
                printf '%s|' "$@"; echo""");
        write("java/cli/src/main/java/A.java", "final class A {}");
        Run without = launch("doctor");
        assertThat(without.code()).isZero();
        assertThat(without.out()).doesNotContain("Archive");
        assertThat(installed().resolveSibling("classes.jsa")).doesNotExist();
    }

    @Test
    void commandsOfItsOwnTakeNoArguments() throws Exception {
        Run run = launch("test", "--fast");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).isEqualTo("gradmimic: test takes no arguments, but got '--fast'\n");
    }

    @Test
    void theVariantThatWasAskedForStays() throws Exception {
        installTools();
        assertThat(launch("build").code()).isZero();
        assertThat(launch("build", "--cuda").code()).isZero();
        write("java/cli/src/main/java/A.java", "final class A {}");
        assertThat(launch("doctor").code()).isZero();
        assertThat(launch("build", "--cuda").code()).isZero();
        assertThat(launch("build", "--cpu").code()).isZero();
        assertThat(launch("build").code()).isZero();
        List<String> builds = Files.readAllLines(root.resolve("builds.txt"));
        assertThat(builds.stream().map(line -> line.contains(" -Pcuda ")))
                .as("%s", builds)
                .containsExactly(false, true, true, false);
        assertThat(launch("build", "--onnx").code()).isZero();
        assertThat(launch("build", "--no-onnx").code()).isZero();
        builds = Files.readAllLines(root.resolve("builds.txt"));
        assertThat(builds.subList(4, builds.size()).stream().map(line -> line.contains(" -Ponnx ")))
                .as("%s", builds)
                .containsExactly(true, false);
        Run wrong = launch("build", "--gpu");
        assertThat(wrong.code()).isEqualTo(2);
        assertThat(wrong.err())
                .isEqualTo(
                        "gradmimic: build takes no arguments but --cuda, --cpu, --onnx or --no-onnx, but got '--gpu'\n");
    }

    private Run launch(String... arguments) throws IOException, InterruptedException {
        return Run.process(launcher(root.resolve("gradmimic"), arguments));
    }

    private ProcessBuilder launcher(Path script, String... arguments) {
        List<String> command = new ArrayList<>(List.of("/bin/bash", script.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().put("PATH", tools.toString());
        return builder;
    }

    /** The jar that a launch runs now. */
    private Path installed() throws IOException {
        return root.resolve("target/launcher/app").toRealPath().resolve("gradmimic-cli.jar");
    }

    private long builds() throws IOException {
        return Files.readAllLines(root.resolve("builds.txt")).size();
    }

    private void installTools() throws IOException {
        tool("javac", "echo 'javac 17.0.15'");
        tool("java", "[[ $1 == -version ]] && echo 'openjdk version \"17.0.15\"' || { printf '%s|' \"$@\"; echo; }");
        tool("mvn", """
                [[ $1 == -version ]] && { echo 'Apache Maven 3.8.7'; exit; }
                sleep 0.2
                echo "$*" >> builds.txt
                mkdir -p java/cli/target/lib
                echo jar > java/cli/target/gradmimic-cli.jar
                """);
        tool("cmake", "echo 'cmake version 3.25.1'");
        tool("g++", "");
        tool("make", "");
    }

    private void tool(String name, String script) throws IOException {
        Path file = tools.resolve(name);
        Files.writeString(file, "#!/bin/bash\n" + script + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private void write(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
