package org.gradmimic.architecture;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * A block of Java in a page: statements, or whole classes if it begins with {@code package} or {@code import}. A comment right
 * above it, {@code <!-- given: Tensor x, Tensor labels -->}, declares what statements take for granted. Readers do not see it.
 *
 * @param page the name of the file
 * @param line the number of its first line
 * @param given declarations of variables, as parameters of a method
 */
record Snippet(String page, int line, String given, String text) {
    private static final Pattern FENCE = Pattern.compile(" *```+ *([^`\\s]*).*");
    private static final Pattern STATEMENT = Pattern.compile(".*(\\)|[\\w>] \\w+ = .*); *(//.*)?");
    private static final Set<String> KNOWN = Set.of("java", "c", "cmake", "mermaid", "python", "sql", "xml", "yaml");
    private static final Pattern GIVEN = Pattern.compile("<!-- given: (.*) -->");

    /** What the statements of all pages may name without saying where it lies. */
    private static final String IMPORTS = """
            import java.nio.file.Path;
            import java.util.List;
            import java.util.Map;
            import org.apache.spark.sql.SparkSession;
            import org.bytedeco.javacpp.PointerScope;
            import org.bytedeco.pytorch.*;
            import org.bytedeco.pytorch.Module;
            import org.bytedeco.pytorch.global.torch;
            import org.bytedeco.pytorch.global.torch.ScalarType;
            import org.gradmimic.*;
            import org.gradmimic.data.*;
            import org.gradmimic.device.*;
            import org.gradmimic.device.Device;
            import org.gradmimic.io.npy.*;
            import org.gradmimic.layer.*;
            import org.gradmimic.model.*;
            import org.gradmimic.report.html.*;
            import org.gradmimic.score.*;
            import org.gradmimic.select.*;
            import org.gradmimic.select.filter.*;
            import org.gradmimic.select.labelmodel.*;
            import org.gradmimic.select.score.*;
            import org.gradmimic.select.vote.*;
            import org.gradmimic.spark.*;
            import org.gradmimic.train.*;
            import org.gradmimic.trainer.*;
            """;

    /** What a loader of the user's own would give. */
    private static final String BATCH = "    record Batch(Tensor x, Tensor labels, Tensor ids) {}\n";

    static List<Snippet> of(List<Path> pages) throws IOException {
        List<Snippet> snippets = new ArrayList<>();
        for (Path page : pages) {
            List<String> lines = Files.readAllLines(page);
            for (int begin = 0; begin < lines.size(); begin++) {
                Matcher fence = FENCE.matcher(lines.get(begin));
                if (!fence.matches()) continue;
                int end = begin + 1;
                while (!FENCE.matcher(lines.get(end)).matches()) end++;
                if (fence.group(1).equals("java")) {
                    Matcher given = GIVEN.matcher(begin == 0 ? "" : lines.get(begin - 1));
                    snippets.add(new Snippet(
                            page.getFileName().toString(),
                            begin + 2,
                            given.matches() ? given.group(1) : "",
                            String.join("\n", lines.subList(begin + 1, end))));
                }
                begin = end;
            }
        }
        return snippets;
    }

    /** Lines that look like statements of Java, in a block that is indented or whose fence does not say another language. */
    static List<String> unmarked(Path page) throws IOException {
        List<String> found = new ArrayList<>();
        List<String> lines = Files.readAllLines(page);
        String language = null;
        for (int i = 0; i < lines.size(); i++) {
            Matcher fence = FENCE.matcher(lines.get(i));
            if (fence.matches()) {
                language = language == null ? fence.group(1) : null;
            } else if (language == null ? lines.get(i).startsWith("    ") : !KNOWN.contains(language)) {
                if (STATEMENT.matcher(lines.get(i)).matches()) {
                    found.add("%s:%d: %s"
                            .formatted(page.getFileName(), i + 1, lines.get(i).strip()));
                }
            }
        }
        return found;
    }

    /** One line for each error that javac finds, {@code page:line: message}. */
    static List<String> errors(List<Snippet> snippets, Path classes) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        List<Source> sources = new ArrayList<>();
        for (Snippet snippet : snippets) sources.add(new Source(snippet, "Snippet" + sources.size()));
        List<String> options = List.of(
                "-proc:none", "-nowarn", "-cp", System.getProperty("java.class.path"), "-d", classes.toString());
        compiler.getTask(null, null, found, options, null, sources).call();
        return found.getDiagnostics().stream()
                .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
                .map(Snippet::describe)
                .toList();
    }

    private static String describe(Diagnostic<? extends JavaFileObject> diagnostic) {
        String message = diagnostic.getMessage(Locale.ROOT).replaceAll("\\s+", " ");
        if (!(diagnostic.getSource() instanceof Source source)) return message;
        long line = source.snippet.line + diagnostic.getLineNumber() - source.linesBefore;
        return "%s:%d: %s".formatted(source.snippet.page, line, message);
    }

    private static final class Source extends SimpleJavaFileObject {
        private final Snippet snippet;
        private final String code;
        /** Lines of the source up to the first of the snippet. */
        private final long linesBefore;

        Source(Snippet snippet, String name) {
            super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
            this.snippet = snippet;
            boolean whole = snippet.text.startsWith("package ") || snippet.text.startsWith("import ");
            String before = whole
                    ? ""
                    : IMPORTS + "abstract class " + name + " {\n" + BATCH + "    void run(" + snippet.given
                            + ") throws Exception {\n";
            this.code = before + snippet.text + (whole ? "\n" : "\n    }\n}\n");
            this.linesBefore = before.lines().count() + 1;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
        }
    }
}
