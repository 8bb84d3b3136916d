package org.gradmimic.architecture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The modules as POMs and source folders have them, in the order of the root POM. */
final class Modules {
    /** Surefire runs in the module's folder. */
    static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();

    private static final String PREFIX = "gradmimic-";

    /**
     * @param name the folder: {@code core}, {@code bench}
     * @param has the description in its POM
     * @param dependencies names of the modules it declares in scope compile
     * @param packages those under {@code src/main/java}
     * @param lines of the files under {@code src/main/java}
     */
    record Module(String name, String has, List<String> dependencies, Set<String> packages, long lines) {}

    private final Map<String, Module> modules = new LinkedHashMap<>();

    Modules(Path root) {
        for (Pom module : Pom.read(root.resolve("pom.xml")).all("modules", "module")) {
            Path folder = root.resolve(module.element().getTextContent().strip());
            if (!Files.isDirectory(folder.resolve("src/main/java"))) continue;
            Module read = read(folder);
            modules.put(read.name(), read);
        }
    }

    Module get(String name) {
        return modules.get(name);
    }

    List<Module> all() {
        return List.copyOf(modules.values());
    }

    /** The module that has this package, or whose package it lies in, as generated ones do. */
    Optional<Module> ofPackage(String name) {
        for (String candidate = name; ; candidate = candidate.substring(0, candidate.lastIndexOf('.'))) {
            for (Module module : modules.values()) {
                if (module.packages().contains(candidate)) return Optional.of(module);
            }
            if (candidate.indexOf('.') < 0) return Optional.empty();
        }
    }

    /** What a module may use: what it depends on, and what that depends on. */
    Set<String> reachable(String name) {
        Set<String> reached = new TreeSet<>();
        List<String> open = new ArrayList<>(get(name).dependencies());
        while (!open.isEmpty()) {
            String next = open.remove(open.size() - 1);
            if (reached.add(next)) open.addAll(get(next).dependencies());
        }
        return reached;
    }

    long lines() {
        return modules.values().stream().mapToLong(Module::lines).sum();
    }

    private static Module read(Path folder) {
        Pom pom = Pom.read(folder.resolve("pom.xml"));
        List<String> dependencies = new ArrayList<>();
        for (Pom dependency : pom.all("dependencies", "dependency")) {
            String artifact = dependency.text("artifactId");
            if (artifact.startsWith(PREFIX)
                    && Set.of("", "compile").contains(dependency.text("scope"))
                    && dependency.text("type").isEmpty()) {
                dependencies.add(artifact.substring(PREFIX.length()));
            }
        }
        Set<String> packages = new TreeSet<>();
        long lines = 0;
        Path sources = folder.resolve("src/main/java");
        for (Path file : javaFiles(sources)) {
            try (Stream<String> text = Files.lines(file)) {
                lines += text.count();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            String name = sources.relativize(file.getParent()).toString();
            if (!name.isEmpty()) packages.add(name.replace('/', '.'));
        }
        return new Module(
                folder.getFileName().toString(),
                pom.text("description").replaceAll("\\.$", ""),
                List.copyOf(dependencies),
                packages,
                lines);
    }

    private static List<Path> javaFiles(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
