package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The command lines and options in README.md and docs exist: commands and options as picocli knows them. */
class DocumentedCommandsTest {
    private static final Path ROOT = Path.of("..", "..");
    /** A code block is indented by four spaces or fenced. */
    private static final Pattern FENCE = Pattern.compile("^ {0,3}```.*");

    private static final Pattern SPAN = Pattern.compile("`([^`]+)`");
    private static final Pattern COMMAND = Pattern.compile("^\\s*(?:\\$ )?(?:\\./)?gradmimic\\s+(\\S.*)$");
    private static final Pattern WORD = Pattern.compile("\"[^\"]*\"|\\S+");
    private static final Pattern OPTION = Pattern.compile("^\\[?(--[a-z][a-z-]*)");
    /** Commands of the launcher, which is a shell script. */
    private static final Set<String> LAUNCHER = Set.of("build", "test", "prerequisites");
    /** Options of cmake, spark-submit and java. */
    private static final Set<String> OTHER_TOOLS = Set.of(
            "--preset",
            "--install",
            "--prefix",
            "--build",
            "--parallel",
            "--executor-memory",
            "--executor-cores",
            "--conf",
            "--class",
            "--master",
            "--add-reads");

    private static CommandSpec root() {
        return Main.commandLine().getCommandSpec();
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
            return Stream.concat(
                            Stream.of(ROOT.resolve("README.md")),
                            docs.filter(page -> page.toString().endsWith(".md")).sorted())
                    .toList();
        }
    }

    /** The code of a page: the logical lines of its code blocks, and its code spans. */
    private static List<String> code(Path page) throws IOException {
        List<String> code = new ArrayList<>();
        boolean fenced = false;
        for (String line : Files.readString(page).replaceAll("\\\\\\R\\s*", "").split("\\R")) {
            if (FENCE.matcher(line).matches()) {
                fenced = !fenced;
            } else if (fenced || line.startsWith("    ")) {
                code.add(line.strip());
            } else {
                SPAN.matcher(line).results().map(span -> span.group(1)).forEach(code::add);
            }
        }
        return code;
    }

    /** What is wrong with a command line of gradmimic, without the program's name; null if nothing is. */
    private static @Nullable String wrong(String line) {
        CommandSpec command = root();
        boolean options = false;
        Matcher words = WORD.matcher(line.replaceAll("\\s#.*", ""));
        while (words.find()) {
            String word = words.group();
            Matcher option = OPTION.matcher(word);
            CommandLine next = options ? null : command.subcommands().get(word);
            if (option.find()) {
                options = true;
                if (command.findOption(option.group(1)) == null) {
                    return command.qualifiedName() + " has no option " + option.group(1);
                }
            } else if (next != null) {
                command = next.getCommandSpec();
            } else if (!options && command.parent() == null && !word.equals("COMMAND")) {
                return "there is no command " + word;
            }
        }
        return null;
    }

    @Test
    void commandLinesExist() throws IOException {
        List<String> wrong = new ArrayList<>();
        int checked = 0;
        for (Path page : pages()) {
            for (String line : code(page)) {
                Matcher command = COMMAND.matcher(line);
                if (!command.matches() || LAUNCHER.contains(command.group(1).split("\\s")[0])) continue;
                checked++;
                String reason = wrong(command.group(1));
                if (reason != null) wrong.add(page.getFileName() + ": " + line + ": " + reason);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(checked).as("command lines found").isGreaterThan(25);
    }

    @Test
    void optionsExist() throws IOException {
        Set<String> known = new HashSet<>(OTHER_TOOLS);
        addOptions(root(), known);
        String scripts = scripts();
        List<String> unknown = new ArrayList<>();
        int checked = 0;
        for (Path page : pages()) {
            for (String line : code(page)) {
                Matcher words = WORD.matcher(line);
                while (words.find()) {
                    Matcher option = OPTION.matcher(words.group());
                    if (!option.find()) continue;
                    checked++;
                    String name = option.group(1);
                    if (!known.contains(name) && !scripts.contains(name)) {
                        unknown.add(page.getFileName() + ": " + name + " in: " + line);
                    }
                }
            }
        }
        assertThat(unknown).isEmpty();
        assertThat(checked).as("options found").isGreaterThan(100);
    }

    @Test
    void wrongCommandLinesAreFound() {
        assertThat(wrong("filter reshard --keep k.npy")).isNull();
        assertThat(wrong("scores --out s.npy")).isEqualTo("there is no command scores");
        assertThat(wrong("probe --feature h.npy")).isEqualTo("gradmimic probe has no option --feature");
        assertThat(wrong("demo [--dat SPEC]")).isEqualTo("gradmimic demo has no option --dat");
    }

    private static void addOptions(CommandSpec command, Set<String> names) {
        names.addAll(command.optionsMap().keySet());
        command.subcommands().values().forEach(next -> addOptions(next.getCommandSpec(), names));
    }

    /** The launcher and the programs of the benchmarks, the tools and the Spark job, which read their own options. */
    private static String scripts() throws IOException {
        StringBuilder text = new StringBuilder(Files.readString(ROOT.resolve("gradmimic")));
        for (String folder : List.of("bench", "native", "cmake", "python", "java/spark/src/main", "java/fuzz")) {
            Path start = ROOT.resolve(folder);
            if (!Files.isDirectory(start)) continue;
            try (Stream<Path> files = Files.walk(start)) {
                List<Path> sources = files.filter(file -> file.toString().matches(".*\\.(java|sh|py|cpp|cmake)"))
                        .filter(file -> !file.toString().matches(".*/(target|build)/.*"))
                        .toList();
                for (Path source : sources) text.append(Files.readString(source));
            }
        }
        return text.toString();
    }
}
