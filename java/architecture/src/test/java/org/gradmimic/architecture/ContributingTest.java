package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Files and names of the code that CONTRIBUTING.md mentions exist. (DocLinksTest checks its links.) */
class ContributingTest {
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern PATH = Pattern.compile("(?:java|native|cmake|bench|docs)/[\\w./-]+|pom\\.xml");
    private static final Pattern NAME = Pattern.compile("[A-Za-z]\\w*(?:\\.[A-Za-z]\\w*)?");
    private static final Pattern CALL = Pattern.compile("[\\w.]+\\((?:[\\w ,]*)\\)");

    private static List<String> quoted(String page) {
        return CODE.matcher(page).results().map(found -> found.group(1)).toList();
    }

    /** {@return what of this a page mentions and the code does not have} */
    private static List<String> unknown(String page, String code) {
        List<String> unknown = new ArrayList<>();
        for (String text : quoted(page)) {
            if (PATH.matcher(text).matches()) {
                if (!Files.exists(Modules.ROOT.resolve(text))) unknown.add(text);
            } else if (NAME.matcher(text).matches() || CALL.matcher(text).matches()) {
                Matcher word = Pattern.compile("\\w+").matcher(text);
                while (word.find()) {
                    boolean found = Pattern.compile("\\b" + word.group() + "\\b")
                            .matcher(code)
                            .find();
                    if (!found) unknown.add(text + ": " + word.group());
                }
            }
        }
        return unknown;
    }

    /** The sources, their names, and the POMs. */
    private static String code() throws IOException {
        List<Path> files = new ArrayList<>(List.of(Modules.ROOT.resolve("pom.xml")));
        for (String folder : List.of("java", "native/src", "native/include", "native/test", "native/python", "cmake")) {
            try (Stream<Path> found = Files.walk(Modules.ROOT.resolve(folder))) {
                found.filter(Files::isRegularFile)
                        .filter(file -> !file.toString().contains("/target/"))
                        .filter(file -> file.toString().matches(".*\\.(java|h|cpp|cu|cuh|cmake|txt|py|xml)"))
                        .forEach(files::add);
            }
        }
        return files.stream()
                .map(file -> {
                    try {
                        return file.getFileName() + "\n" + Files.readString(file);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .collect(Collectors.joining("\n"));
    }

    @Test
    void pathsAndNamesExist() throws IOException {
        String page = Files.readString(Modules.ROOT.resolve("CONTRIBUTING.md"));
        assertThat(quoted(page).stream().filter(text -> PATH.matcher(text).matches()))
                .hasSizeGreaterThan(30);
        assertThat(unknown(page, code())).isEmpty();
    }

    @Test
    void plantedViolationsAreFound() {
        String page =
                "`java/core/Gone.java` and `java/core`, `Known.method` and `Known.gone`, `gone(a)`, `./gradmimic test`";
        assertThat(unknown(page, "class Known { void method(int a) {} }"))
                .containsExactly("java/core/Gone.java", "Known.gone: gone", "gone(a): gone");
    }
}
