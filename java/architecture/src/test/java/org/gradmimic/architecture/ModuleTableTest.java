package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradmimic.architecture.Modules.Module;
import org.junit.jupiter.api.Test;

/**
 * The table and the drawing of the modules in docs/design.md are those of the POMs and source folders. Run with
 * {@code -Dgradmimic.write=true} to write them.
 */
class ModuleTableTest {
    private static final Path DESIGN = Modules.ROOT.resolve("docs/design.md");
    private static final String BEGIN =
            "<!-- Made by ModuleTableTest; mvn verify -pl java/architecture -am -Dgradmimic.write=true writes it. -->\n";
    private static final String END = "<!-- End of what ModuleTableTest makes. -->\n";
    private static final Pattern BLOCK =
            Pattern.compile(Pattern.quote(BEGIN) + "(.*?)" + Pattern.quote(END), Pattern.DOTALL);
    private static final Pattern LINES = Pattern.compile("(?<=\\| )[0-9,]+(?= \\|\n)");

    /** Numbers of lines in the page are rounded, and may lag behind by this much. */
    private static final double LAG = 0.25;

    private final Modules modules = new Modules(Modules.ROOT);

    private static String rounded(long lines) {
        return String.format(Locale.ROOT, "%,d", Math.max(100, Math.round(lines / 100.0) * 100));
    }

    private String table() {
        StringBuilder text = new StringBuilder("| module | has | depends on | lines of Java |\n|---|---|---|---:|\n");
        for (Module module : modules.all()) {
            text.append("| `%s` | %s | %s | %s |%n"
                    .formatted(
                            module.name(),
                            module.has(),
                            String.join(", ", module.dependencies()),
                            rounded(module.lines())));
        }
        text.append("\n```mermaid\ngraph BT\n");
        for (Module module : modules.all()) {
            for (String to : module.dependencies()) text.append("  %s --> %s%n".formatted(module.name(), to));
        }
        return text.append("```\n").toString();
    }

    @Test
    void designPageShowsTheModules() throws IOException {
        String table = table();
        System.out.print(table);
        String page = Files.readString(DESIGN);
        Matcher block = BLOCK.matcher(page);
        assertThat(block.find()).as("%s has the markers", DESIGN).isTrue();
        if (Boolean.getBoolean("gradmimic.write")) {
            Files.writeString(DESIGN, page.substring(0, block.start(1)) + table + page.substring(block.end(1)));
            return;
        }
        String shown = block.group(1);
        assertThat(LINES.matcher(shown).replaceAll("N"))
                .as("the modules in docs/design.md; -Dgradmimic.write=true writes them")
                .isEqualTo(LINES.matcher(table).replaceAll("N"));
        List<String> numbers = LINES.matcher(shown)
                .results()
                .map(m -> m.group().replace(",", ""))
                .toList();
        List<Module> all = modules.all();
        assertThat(numbers).hasSameSizeAs(all);
        for (int i = 0; i < all.size(); i++) {
            long lines = all.get(i).lines();
            assertThat(Math.abs(Long.parseLong(numbers.get(i)) - lines))
                    .as(
                            "Java lines of %s in docs/design.md, %s, and now, %d; -Dgradmimic.write=true writes them",
                            all.get(i).name(), numbers.get(i), lines)
                    .isLessThanOrEqualTo(Math.max(500, Math.round(LAG * lines)));
        }
    }

    @Test
    void noModuleHasMoreThanAFifthOfTheCode() {
        for (Module module : modules.all()) {
            assertThat(5 * module.lines())
                    .as("five times %s's %d lines, of %d", module.name(), module.lines(), modules.lines())
                    .isLessThanOrEqualTo(modules.lines());
        }
    }
}
