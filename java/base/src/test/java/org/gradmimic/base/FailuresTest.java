package org.gradmimic.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rules for failures that the sources of all modules keep. */
class FailuresTest {
    private static final Path MODULES = Path.of("..").toAbsolutePath().normalize();

    private static final Pattern COMMENT = Pattern.compile("(?s)/\\*.*?\\*/|(?m)^\\s*//.*$");

    /** Java's own exceptions, which say nothing of whose fault it is. */
    private static final Pattern RAW = Pattern.compile("new (?:java\\.\\w+\\.)*(Runtime|IllegalArgument|IllegalState"
            + "|UncheckedIO|IndexOutOfBounds|UnsupportedOperation|NullPointer|Arithmetic|Concurrent\\w+)Exception\\(");

    /** A failed assertion of the pickle machine, which PickleReader itself turns into a message with the place. */
    private static final Set<String> SIGNALS = Set.of("PickleReader.java: IndexOutOfBounds");

    private static final Pattern OWN = Pattern.compile(
            "class (\\w+)[^{;]*? extends (?!GradmimicException\\b)\\w*(?:Exception|Error|Throwable)\\b");

    private static final Pattern COMMAND_LINE =
            Pattern.compile("\"[^\"\\n]*(?:--[a-z]|gradmimic doctor|\\./gradmimic)[^\"\\n]*\"");

    /** Programs with options of their own. */
    private static final Set<String> PROGRAMS = Set.of("cli", "spark", "spark-score");

    /** It writes the command that repeats a run, for the reader of a report. */
    private static final String REPEATS_A_COMMAND = "RunCommand.java";

    private record Source(Path file, String code) {
        String name() {
            return file.getFileName().toString();
        }

        String module() {
            return MODULES.relativize(file).getName(0).toString();
        }

        List<String> found(Pattern pattern) {
            List<String> found = new ArrayList<>();
            Matcher matcher = pattern.matcher(code);
            while (matcher.find()) found.add(name() + ": " + matcher.group(matcher.groupCount()));
            return found;
        }
    }

    private static List<Source> sources() throws IOException {
        List<Source> sources = new ArrayList<>();
        try (Stream<Path> modules = Files.list(MODULES)) {
            for (Path module : modules.sorted().toList()) {
                Path main = module.resolve("src/main/java");
                if (!Files.isDirectory(main)) continue;
                try (Stream<Path> files = Files.walk(main)) {
                    for (Path file : files.filter(each -> each.toString().endsWith(".java"))
                            .sorted()
                            .toList()) {
                        sources.add(new Source(
                                file, COMMENT.matcher(Files.readString(file)).replaceAll("")));
                    }
                }
            }
        }
        return sources;
    }

    @Test
    void allModulesAreChecked() throws IOException {
        assertThat(sources().stream().map(Source::module)).contains("base", "kernel", "core", "io", "select", "cli");
        assertThat(sources()).hasSizeGreaterThan(300);
    }

    @Test
    void everyExceptionIsOneOfTheFamily() throws IOException {
        assertThat(sources().stream().flatMap(source -> source.found(RAW).stream()))
                .filteredOn(found -> !SIGNALS.contains(found))
                .isEmpty();
    }

    @Test
    void everyExceptionTypeElsewhereExtendsTheFamily() throws IOException {
        assertThat(sources().stream()
                        .filter(source -> !source.module().equals("base"))
                        .flatMap(source -> source.found(OWN).stream()))
                .isEmpty();
    }

    @Test
    void noLibraryNamesAnOptionOrTheLauncher() throws IOException {
        assertThat(sources().stream()
                        .filter(source -> !PROGRAMS.contains(source.module())
                                && !source.name().equals(REPEATS_A_COMMAND))
                        .flatMap(source -> source.found(COMMAND_LINE).stream()))
                .isEmpty();
    }

    @Test
    void aPlantedViolationIsFound() {
        assertThat(new Source(Path.of("A.java"), "throw new IllegalStateException(\"x\");").found(RAW))
                .containsExactly("A.java: IllegalState");
        assertThat(new Source(Path.of("A.java"), "static class Bad extends RuntimeException {").found(OWN))
                .containsExactly("A.java: Bad");
        assertThat(new Source(Path.of("A.java"), "\"give the uids (--uids)\"").found(COMMAND_LINE))
                .hasSize(1);
    }

    @Test
    void inputExceptionsNameFileAndPlace() {
        InputException at = InputException.at(Path.of("a.npy"), "row", 7, "is NaN");
        assertThat(at).hasMessage("a.npy: row 7: is NaN");
        assertThat(at.file()).isEqualTo("a.npy");
        assertThat(at.position()).hasValue(7);
        InputException in = InputException.in("a.npy", "is a folder");
        assertThat(in).hasMessage("a.npy: is a folder").isInstanceOf(GradmimicException.class);
        assertThat(in.position()).isEmpty();
        assertThat(new InputException("no scores").file()).isNull();
    }
}
