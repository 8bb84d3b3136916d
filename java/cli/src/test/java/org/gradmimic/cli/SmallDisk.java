package org.gradmimic.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A disk of 1 MB: a tmpfs, which only root may mount. */
public final class SmallDisk implements AutoCloseable {
    private final Path path;
    private final boolean mounted;

    private SmallDisk(Path path, boolean mounted) {
        this.path = path;
        this.mounted = mounted;
    }

    public static SmallDisk mount(Path path) throws IOException, InterruptedException {
        Files.createDirectories(path);
        return new SmallDisk(path, run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path.toString()));
    }

    public boolean isMounted() {
        return mounted;
    }

    public Path path() {
        return path;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        if (mounted && !run("umount", path.toString())) throw new IOException("cannot unmount " + path);
    }

    private static boolean run(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // no such program
        }
    }
}
