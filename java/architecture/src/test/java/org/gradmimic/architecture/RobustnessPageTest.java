package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/robustness.md names tests: each of them is there. */
class RobustnessPageTest {
    private static final Path PAGE = Modules.ROOT.resolve("docs/robustness.md");
    private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT))\\.(\\w+)`");

    @Test
    void theTestsThatItNamesExist() throws IOException {
        List<String> missing = new ArrayList<>();
        int found = 0;
        List<Path> sources = sources();
        Matcher named = TEST.matcher(Files.readString(PAGE));
        while (named.find()) {
            boolean there = false;
            for (Path source : sources) {
                there |= source.endsWith(named.group(1) + ".java")
                        && Files.readString(source).contains("void " + named.group(2) + "(");
            }
            if (there) found++;
            else missing.add(named.group(1) + "." + named.group(2));
        }
        assertThat(missing).isEmpty();
        assertThat(found).isGreaterThan(50);
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(Modules.ROOT.resolve("java"))) {
            return files.filter(file -> file.toString().contains("/src/test/java/"))
                    .filter(file -> file.toString().matches(".*(Test|IT)\\.java"))
                    .toList();
        }
    }
}
