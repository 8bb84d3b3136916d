package org.gradmimic.architecture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The relative links of Markdown pages, and whether the files and headings they point to exist. */
final class DocLinks {
    private static final Pattern FENCE = Pattern.compile("^ {0,3}(```+|~~~+).*");
    private static final Pattern HEADING = Pattern.compile("^#{1,6} +(.*?)(?: +#+)? *$");
    private static final Pattern CODE = Pattern.compile("`[^`]*`");
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*]\\(([^)\\s]+)(?: +\"[^\"]*\")?\\)");
    private static final Pattern ABSOLUTE = Pattern.compile("^[a-z][a-z0-9+.-]*:.*");

    private final Path root;
    private final Map<Path, Set<String>> anchors = new HashMap<>();

    private int checked;

    /** @param root the folder that pages are named from, and that no link may leave */
    DocLinks(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    /** {@return how many relative links have been checked} */
    int checked() {
        return checked;
    }

    /** {@return the broken links of a page, each as "page:line: target: reason"} */
    List<String> broken(Path page) throws IOException {
        List<String> broken = new ArrayList<>();
        Path absolute = page.toAbsolutePath().normalize();
        List<String> lines = prose(absolute);
        for (int i = 0; i < lines.size(); i++) {
            Matcher link = LINK.matcher(CODE.matcher(lines.get(i)).replaceAll("code"));
            while (link.find()) {
                String target = link.group(1);
                if (ABSOLUTE.matcher(target).matches()) continue;
                checked++;
                String reason = reason(absolute, target);
                if (reason != null)
                    broken.add(root.relativize(absolute) + ":" + (i + 1) + ": " + target + ": " + reason);
            }
        }
        return broken;
    }

    /** {@return what is wrong with a target, null if nothing} */
    private String reason(Path page, String target) {
        int hash = target.indexOf('#');
        String file = hash < 0 ? target : target.substring(0, hash);
        Path to = file.isEmpty() ? page : page.resolveSibling(file).normalize();
        if (!to.startsWith(root)) return "outside the repository";
        if (!Files.exists(to)) return "no such file";
        if (hash < 0) return null;
        if (!to.toString().endsWith(".md")) return "a heading of a file that is not Markdown";
        Set<String> headings = anchors.computeIfAbsent(to, DocLinks::anchors);
        return headings.contains(target.substring(hash + 1)) ? null : "no such heading";
    }

    /** The names of a page's headings, as GitHub makes them. */
    private static Set<String> anchors(Path page) {
        Set<String> anchors = new HashSet<>();
        for (String line : prose(page)) {
            Matcher heading = HEADING.matcher(line);
            if (!heading.matches()) continue;
            String text =
                    LINK.matcher(heading.group(1)).replaceAll(m -> m.group().replaceAll("^\\[|]\\(.*", ""));
            String name = text.toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N}\\p{M}_ -]", "")
                    .replace(' ', '-');
            String unique = name;
            for (int n = 1; !anchors.add(unique); n++) unique = name + "-" + n;
        }
        return anchors;
    }

    /** The lines of a page; those of code blocks are empty. */
    private static List<String> prose(Path page) {
        List<String> lines = new ArrayList<>();
        String open = null;
        try {
            for (String line : Files.readAllLines(page)) {
                Matcher fence = FENCE.matcher(line);
                boolean marker = fence.matches();
                boolean inside = open != null || marker;
                if (marker && open == null) {
                    open = fence.group(1);
                } else if (marker && line.strip().equals(open)) {
                    open = null;
                }
                lines.add(inside || line.startsWith("    ") ? "" : line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lines;
    }
}
