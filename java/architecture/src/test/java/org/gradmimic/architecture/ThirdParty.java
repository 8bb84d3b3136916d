package org.gradmimic.architecture;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** The components that gradmimic is delivered with, and their licences: jars by their POMs, native libraries by a list. */
final class ThirdParty {
    private static final Pattern NATIVE = Pattern.compile(".*\\.(so(\\.[0-9.]+)?|so_\\w+|dll|dylib|jnilib)");

    /**
     * A jar in a local Maven repository.
     *
     * @param name {@code group:artifact}
     */
    record Jar(String name, String version, Path file) {
        String artifact() {
            return name.substring(name.indexOf(':') + 1);
        }

        boolean isOurs() {
            return name.startsWith("org.gradmimic:");
        }
    }

    /**
     * A line of the list.
     *
     * @param library its file name, with * for any characters
     * @param text what the library contains if it contains the component; empty if that was not found out
     */
    record Component(String artifact, String library, String name, String licence, String text) {
        boolean covers(String jar, String file) {
            String pattern = Pattern.quote(library).replace("*", "\\E.*\\Q");
            return artifact.equals(jar) && file.matches(pattern);
        }
    }

    private ThirdParty() {}

    /** The jars of the command line, as maven-dependency-plugin lists them. */
    static List<Jar> jars(Path list) throws IOException {
        List<Jar> jars = new ArrayList<>();
        for (String line : Files.readAllLines(list)) {
            String[] part = line.strip().replaceAll(" -- .*", "").split(":");
            if (part.length < 6) continue;
            Path file = Path.of(part[part.length - 1]);
            jars.add(new Jar(part[0] + ":" + part[1], part[part.length - 3], file));
        }
        return jars;
    }

    static List<Component> components(String text) {
        return text.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> (line + " ").split(" ; ?", -1))
                .map(part -> new Component(part[0], part[1], part[2], part[3].strip(), part[4].strip()))
                .toList();
    }

    /** {@return the licences that the POM beside a jar names, or the nearest parent that names any; empty if none does} */
    static List<String> licences(Jar jar) {
        Path pom = jar.file().resolveSibling(jar.artifact() + "-" + jar.version() + ".pom");
        int depth = jar.name().split("[.:]").length + 2;
        Path repository = pom;
        for (int i = 0; i < depth; i++) repository = repository.getParent();
        while (Files.exists(pom)) {
            Pom read = Pom.read(pom);
            List<String> names = read.all("licenses", "license").stream()
                    .map(licence -> licence.text("name").replaceAll("\\s+", " "))
                    .filter(name -> !name.isEmpty())
                    .toList();
            if (!names.isEmpty() || !read.has("parent")) return names;
            String artifact = read.text("parent", "artifactId");
            String version = read.text("parent", "version");
            pom = repository
                    .resolve(read.text("parent", "groupId").replace('.', '/'))
                    .resolve(artifact + "/" + version + "/" + artifact + "-" + version + ".pom");
        }
        return List.of();
    }

    /** {@return the native libraries of a jar, without their folders, and which entries they are} */
    static Map<String, String> natives(Path jar) throws IOException {
        Map<String, String> natives = new TreeMap<>();
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            zip.stream().map(ZipEntry::getName).forEach(entry -> {
                String file = entry.substring(entry.lastIndexOf('/') + 1);
                // Of libraries with the same name for several platforms, the one for this.
                boolean first = entry.matches("(?i).*/linux[-/]x86_64/.*") || !natives.containsKey(file);
                if (NATIVE.matcher(file).matches() && first) natives.put(file, entry);
            });
        }
        return natives;
    }

    /** {@return the names of the components whose text is not in the library} */
    static List<String> notFound(Path jar, String entry, List<Component> components) throws IOException {
        List<Component> named = components.stream()
                .filter(component -> !component.text().isEmpty())
                .toList();
        if (named.isEmpty()) return List.of();
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            String bytes =
                    new String(zip.getInputStream(zip.getEntry(entry)).readAllBytes(), StandardCharsets.ISO_8859_1);
            return named.stream()
                    .filter(component -> !bytes.contains(component.text()))
                    .map(component -> entry + ": " + component.name() + ": no '" + component.text() + "'")
                    .toList();
        }
    }

    /** The page. */
    static String page(List<Jar> jars, List<Component> components) {
        StringBuilder page = new StringBuilder("""
                <!-- Made by ThirdPartyTest; mvn verify -pl java/architecture -am -Dgradmimic.write=true writes it. -->
                # Third-party components

                gradmimic itself is under the Apache License 2.0 ([LICENSE](LICENSE)).

                ## Jars

                The command line is delivered with these jars. A module that is used as a library brings some of them. The licences
                are those that their POMs name.

                | jar | version | licence |
                |---|---|---|
                """);
        Set<String> rows = new TreeSet<>();
        for (Jar jar : jars) {
            if (jar.isOurs()) continue;
            rows.add("| `%s` | %s | %s |%n".formatted(jar.name(), jar.version(), String.join("; or ", licences(jar))));
        }
        rows.forEach(page::append);
        page.append("""

                `gradmimic-spark-submit.jar` contains picocli. `gradmimic-spark` itself uses what a Spark installation has.

                ## In the report's page

                The page of `gradmimic report` contains two scripts, with their licences: uPlot 1.6.32 (MIT) and
                `@tanstack/virtual-core` 3.19.11 (MIT). They are in the jar of `gradmimic-report`.

                ## Inside the native libraries

                These components are compiled into the native libraries of the jars. Licences have their SPDX names. The list is kept
                by hand, in `java/architecture/src/test/resources/native-components.txt`. A test fails on a native library that is not
                listed, and looks for each component in its library by a text. Headers leave no text.

                | component | licence | in |
                |---|---|---|
                """);
        Map<String, Set<String>> places = components.stream()
                .collect(Collectors.groupingBy(
                        component -> "| %s | %s |".formatted(component.name(), component.licence()),
                        () -> new TreeMap<>(String.CASE_INSENSITIVE_ORDER),
                        Collectors.mapping(
                                component -> "`" + component.artifact() + "`", Collectors.toCollection(TreeSet::new))));
        places.forEach((component, in) -> page.append("%s %s |%n".formatted(component, String.join(", ", in))));
        page.append("""

                ## With CUDA

                A build with CUDA (`./gradmimic build --cuda`) has two more jars, LibTorch for CUDA (`org.bytedeco:pytorch`, classifier
                `linux-x86_64-gpu`) and the natives of `org.bytedeco:cuda`, under the licences above. The first contains components of
                NVIDIA's and others beyond this list; it is no part of the build that makes the list. `libgradmimic.so` then contains
                CUDA's runtime, linked statically, under NVIDIA's CUDA Toolkit EULA. CUDA's other libraries are the machine's.
                """);
        return page.toString();
    }
}
