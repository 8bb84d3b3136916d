package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every relative link of README.md and the other pages leads to a file or heading that exists. */
class DocLinksTest {

    @TempDir
    private Path folder;

    /** The pages at the root, in docs, and beside the benchmarks and examples. */
    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        for (String from : List.of("", "docs", "bench", "native", "java")) {
            try (Stream<Path> files = Files.walk(Modules.ROOT.resolve(from), from.isEmpty() ? 1 : 4)) {
                files.filter(file -> file.toString().endsWith(".md"))
                        .filter(file -> !file.toString().contains("/target/"))
                        .forEach(pages::add);
            }
        }
        return pages;
    }

    @Test
    void linksOfTheDocumentationResolve() throws IOException {
        List<Path> pages = pages();
        assertThat(pages).hasSizeGreaterThan(15);
        DocLinks links = new DocLinks(Modules.ROOT);
        List<String> broken = new ArrayList<>();
        for (Path page : pages) broken.addAll(links.broken(page));
        assertThat(broken).isEmpty();
        assertThat(links.checked()).as("links that were found").isGreaterThan(60);
    }

    /** One page with every kind of link, of which the planted broken ones are found, and those alone. */
    @Test
    void brokenLinksAreFound() throws IOException {
        Files.createDirectory(folder.resolve("docs"));
        Files.writeString(folder.resolve("LICENSE"), "free");
        Files.writeString(
                folder.resolve("docs/other.md"),
                "# One's *own* `code`\n## Twice\n## Twice\n```sh\n# no heading\n```\n");
        Path page = Files.writeString(folder.resolve("docs/page.md"), """
                # Page
                [file](other.md), [above](../LICENSE), [web](https://example.org/no#where), [here](#page)
                [quoted](other.md#ones-own-code) and [second](other.md#twice-1)
                `[code](nowhere.md)`

                    [indented](nowhere.md)

                ```
                [fenced](nowhere.md)
                ```
                [no file](gone.md), [no heading](other.md#no-heading)
                [no third](other.md#twice-2) [not Markdown](../LICENSE#x)
                [outside](../../page.md) [not here](#elsewhere)
                """);
        DocLinks links = new DocLinks(folder);
        assertThat(links.broken(page))
                .containsExactly(
                        "docs/page.md:11: gone.md: no such file",
                        "docs/page.md:11: other.md#no-heading: no such heading",
                        "docs/page.md:12: other.md#twice-2: no such heading",
                        "docs/page.md:12: ../LICENSE#x: a heading of a file that is not Markdown",
                        "docs/page.md:13: ../../page.md: outside the repository",
                        "docs/page.md:13: #elsewhere: no such heading");
        assertThat(links.checked()).isEqualTo(11);
    }
}
