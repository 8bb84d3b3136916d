package org.gradmimic.architecture;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A copy of java/examples, and a Maven repository for it in which gradmimic is installed. The repository has links to everything in
 * the local repository of this build except gradmimic, so nothing is downloaded twice and no snapshot gets into it.
 */
final class ConsumerProject {
    private final Path folder;
    private final Path repository;
    private final Path local;

    /**
     * @param work a folder of its own; emptied
     * @param local the local repository of this build
     */
    ConsumerProject(Path work, Path local) throws IOException {
        this.local = local;
        delete(work);
        folder = work.resolve("examples");
        repository = work.resolve("repository");
        copySources(Modules.ROOT.resolve("java/examples"));
        // Maven looks for this folder in those above, too, and would take the examples for a part of gradmimic.
        Files.createDirectories(folder.resolve(".mvn"));
        link(local, repository);
        install();
    }

    Path folder() {
        return folder;
    }

    /** Runs Maven over the project. {@return its output} */
    String maven(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("maven.home") + "/bin/mvn", "-B", "-q", "-ntp", "-Dmaven.repo.local=" + repository));
        if (System.getProperty("maven.mode").equals("offline: true")) command.add("-o");
        command.addAll(List.of(arguments));
        Path log = folder.resolve("maven.log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        Process process = builder.start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IllegalStateException("Maven has not ended after five minutes:\n" + Files.readString(log));
        }
        // Colours of the terminal.
        String output = Files.readString(log).replaceAll("\\x1b\\[[0-9;]*m", "");
        if (process.exitValue() != 0) throw new IllegalStateException("Maven failed:\n" + output);
        return output;
    }

    private void copySources(Path from) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (from.relativize(file).toString().contains("target/")) continue;
                Path to = folder.resolve(from.relativize(file).toString());
                Files.createDirectories(to.getParent());
                Files.copy(file, to);
            }
        }
    }

    private static void link(Path from, Path to) throws IOException {
        Files.createDirectories(to.resolve("org"));
        for (Path group : list(from)) {
            if (!group.endsWith("org")) Files.createSymbolicLink(to.resolve(group.getFileName()), group);
        }
        for (Path group : list(from.resolve("org"))) {
            if (!group.endsWith("gradmimic")) {
                Files.createSymbolicLink(to.resolve("org").resolve(group.getFileName()), group);
            }
        }
    }

    /** What mvn install would put there: the parent, and the POM and jar of every published module. */
    private void install() throws IOException {
        Path pom = Modules.ROOT.resolve("pom.xml");
        Pom root = Pom.read(pom);
        String version = root.text("version");
        put(pom, root.text("artifactId"), version, ".pom");
        for (Pom module : root.all("modules", "module")) {
            Path modulePom =
                    Modules.ROOT.resolve(module.element().getTextContent().strip() + "/pom.xml");
            Pom read = Pom.read(modulePom);
            if (read.text("properties", "maven.install.skip").equals("true")) continue;
            String artifact = read.text("artifactId");
            put(modulePom, artifact, version, ".pom");
            if (!read.text("packaging").equals("pom")) put(jar(artifact, version), artifact, version, ".jar");
        }
    }

    /** The jar of a module as this build has it on the class path of its tests. */
    private Path jar(String artifact, String version) {
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            String name = Path.of(entry).getFileName().toString();
            if (name.equals(artifact + "-" + version + ".jar") || name.equals(artifact + ".jar")) return Path.of(entry);
        }
        throw new IllegalStateException(artifact + " is not packaged; run mvn verify, or ./gradmimic test");
    }

    private void put(Path file, String artifact, String version, String ending) throws IOException {
        Path to = repository.resolve("org/gradmimic/" + artifact + "/" + version);
        Files.createDirectories(to);
        Files.copy(file, to.resolve(artifact + "-" + version + ending));
    }

    /** The repository of this build has no more of gradmimic than before, and the project's own has it. */
    boolean keepsToItself() {
        return Files.isDirectory(repository.resolve("org/gradmimic/gradmimic-core"))
                && !repository.resolve("org/gradmimic").toAbsolutePath().startsWith(local);
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    /** Links are removed, not what they lead to. */
    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
