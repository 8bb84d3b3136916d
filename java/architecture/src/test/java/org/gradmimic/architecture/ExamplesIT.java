package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The project java/examples is built and run as its user would, with gradmimic installed in a repository under target. What it
 * prints and the jars it gets are those in docs/library.md, where {@code -Dgradmimic.write=true} writes them.
 */
class ExamplesIT {
    private static final Path PAGE = Modules.ROOT.resolve("docs/library.md");
    private static final Pattern NUMBER = Pattern.compile("-?[0-9]+(\\.[0-9]+)?");

    /** Every jar that a project gets with gradmimic-core alone, and why. */
    private static final Map<String, String> CORE_JARS = new LinkedHashMap<>();

    static {
        CORE_JARS.put("org.gradmimic:gradmimic-core", "the method");
        CORE_JARS.put("org.gradmimic:gradmimic-kernel", "the kernels and their binding");
        CORE_JARS.put("org.gradmimic:gradmimic-base", "exceptions, the random generator");
        CORE_JARS.put("org.bytedeco:javacpp", "native memory, loading of libraries");
        CORE_JARS.put("org.bytedeco:javacpp:linux-x86_64", "JavaCPP's own native library");
        CORE_JARS.put("org.bytedeco:pytorch", "LibTorch's classes");
        CORE_JARS.put("org.bytedeco:pytorch:linux-x86_64", "LibTorch");
        CORE_JARS.put("org.bytedeco:openblas", "LibTorch's matrix products; gradmimic sets its threads");
        CORE_JARS.put("org.bytedeco:openblas:linux-x86_64", "OpenBLAS");
        CORE_JARS.put("org.bytedeco:cuda", "classes alone, which those of LibTorch name");
        CORE_JARS.put("org.jspecify:jspecify", "annotations");
    }

    private static ConsumerProject project;
    private static String output;

    @BeforeAll
    static void buildAndRun() throws Exception {
        project = new ConsumerProject(
                Path.of("target/consumer").toAbsolutePath(), Path.of(System.getProperty("maven.repository")));
        output = project.maven(
                "verify", "dependency:list", "-DincludeScope=runtime", "-DoutputFile=target/jars.txt", "-Dsort=true");
    }

    /** {@code group:artifact} or {@code group:artifact:classifier} of every jar that a module of the project gets. */
    private static List<String> jars(String module) throws IOException {
        return Files.readAllLines(project.folder().resolve(module).resolve("target/jars.txt")).stream()
                .map(line -> line.strip().replaceAll(" --.*", "").split(":"))
                .filter(part -> part.length >= 5)
                .map(part -> part[0] + ":" + part[1] + (part.length == 6 ? ":" + part[3] : ""))
                .sorted()
                .toList();
    }

    private static double number(String pattern) {
        Matcher found = Pattern.compile(pattern).matcher(output);
        assertThat(found.find()).as("'%s' in\n%s", pattern, output).isTrue();
        return Double.parseDouble(found.group(1));
    }

    @Test
    void coreBringsNoJarThatItDoesNotUse() throws IOException {
        assertThat(jars("training")).containsExactlyInAnyOrderElementsOf(CORE_JARS.keySet());
    }

    @Test
    void snapshotsStayInTheFolderOfTheBuild() {
        assertThat(project.keepsToItself()).isTrue();
    }

    /** Its POMs say what the README says. */
    @Test
    void pomsHaveTheDependenciesOfTheReadme() throws IOException {
        String readme = Files.readString(Modules.ROOT.resolve("README.md")).replaceAll("\\s+", "");
        for (String module : List.of("training", "scoring")) {
            String pom = Files.readString(project.folder().resolve(module + "/pom.xml"))
                    .replaceAll("\\s+", "");
            String dependencies = pom.replaceAll(
                    ".*</artifactId>(<dependencies>|(?=<dependencyManagement>))(.*?)(</dependencies>)?<build>.*", "$2");
            assertThat(readme).as("%s in README.md", dependencies).contains(dependencies);
        }
    }

    @Test
    void loopWithAHeadWeighsWrongLabelsDown() {
        assertThat(number("reference: accuracy ([0-9.]+)")).isGreaterThan(0.8);
        assertThat(number("grad-mimic: accuracy ([0-9.]+)")).isGreaterThan(0.8);
        assertThat(number("mean relative weight: ([0-9.]+) of right"))
                .isGreaterThan(number("of right labels, ([0-9.]+) of wrong"));
    }

    @Test
    void loopWithRecordedLayersComesNearerToItsReference() {
        assertThat(number("step 59: mean loss ([0-9.]+)")).isLessThan(number("step 0: mean loss ([0-9.]+)"));
        assertThat(number("step 59: .*reference ([0-9.]+)")).isLessThan(number("step 0: .*reference ([0-9.]+)"));
        assertThat(number("step 0: .*mean score (-?[0-9.]+)")).isPositive();
        assertThat(output).doesNotContain("finite false");
    }

    @Test
    void featureFileIsScored() {
        assertThat(output).contains("scored 10000 rows of features.npy, 0 not finite");
        assertThat(number("mean score: (-?[0-9.]+) of right"))
                .isGreaterThan(number("of right labels, (-?[0-9.]+) of wrong ones\\s*$"));
    }

    @Test
    void pageShowsTheOutputAndTheJars() throws IOException {
        StringBuilder jars = new StringBuilder("| jar | purpose |\n|---|---|\n");
        CORE_JARS.forEach((jar, reason) -> jars.append("| `%s` | %s |%n".formatted(jar, reason)));
        String scoring = String.join("\n", jars("scoring"));
        block("output", "```\n" + output.strip() + "\n```\n");
        block("core-jars", jars.toString());
        block("train-jars", "```\n" + scoring + "\n```\n");
    }

    /** Numbers may differ in their last digits between processors, so only the text counts. */
    private static void block(String name, String expected) throws IOException {
        String page = Files.readString(PAGE);
        String begin = "<!-- Made by ExamplesIT: " + name + " -->\n";
        String end = "<!-- End -->\n";
        int from = page.indexOf(begin) + begin.length();
        int to = page.indexOf(end, from);
        assertThat(from >= begin.length() && to >= 0)
                .as("the markers of %s in %s", name, PAGE)
                .isTrue();
        if (Boolean.getBoolean("gradmimic.write")) {
            Files.writeString(PAGE, page.substring(0, from) + expected + page.substring(to));
            return;
        }
        assertThat(Arrays.asList(
                        NUMBER.matcher(page.substring(from, to)).replaceAll("N").split("\n")))
                .as("%s in docs/library.md; -Dgradmimic.write=true writes it", name)
                .isEqualTo(
                        Arrays.asList(NUMBER.matcher(expected).replaceAll("N").split("\n")));
    }
}
