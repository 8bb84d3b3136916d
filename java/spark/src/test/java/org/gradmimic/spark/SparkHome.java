package org.gradmimic.spark;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A Spark installation of links to the jars that Maven has: what executors and spark-submit are started from. */
public final class SparkHome {

    /** Where the build tells Spark to look for itself. */
    public static final Path FOLDER = Path.of(System.getenv("SPARK_HOME"));

    /** Written by the build: Spark and what it needs, without what gradmimic adds. */
    private static final Path JARS = Path.of("target", "spark-jars.txt");

    private SparkHome() {}

    /** Makes the installation unless it is there. */
    public static synchronized void link() {
        try {
            Path jars = Files.createDirectories(FOLDER.resolve("jars"));
            for (String entry : Files.readString(JARS).strip().split(File.pathSeparator)) {
                Path link = jars.resolve(Path.of(entry).getFileName());
                Files.deleteIfExists(link);
                Files.createSymbolicLink(link, Path.of(entry));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
