package org.gradmimic.io;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of a file that is being written, for one writer alone.
 *
 * <p>The name is {@code .NAME.gm-PID-START-NUMBER.tmp}, in the folder of the file that is being made: hidden, and not ending
 * in the type's suffix, so that no reader of a folder takes it for data. Beside it lies {@code ….lock}, which its process
 * holds locked. The lock is on a separate file because a process loses its locks on a file whenever it closes any
 * descriptor of that file.
 *
 * <p>The system releases the lock when the process dies, however it dies and wherever it ran. Then the first file that
 * another process writes in the folder removes what the dead one left. Where the file system has no locks, nothing is
 * removed.
 */
final class TemporaryFile {
    private static final String ENDING = ".tmp";
    private static final String LOCK_ENDING = ".lock";
    private static final Pattern NAME = Pattern.compile("\\..*\\.(gm-[0-9a-z]+-[0-9a-z]+)-[0-9a-z]+\\.(?:tmp|lock)");

    /** Longest name that is kept within the temporary name; file systems allow 255 bytes in all. */
    private static final int MAX_NAME_BYTES = 190;

    /** This process: its number alone comes again, in another container at the same time even. */
    private static final String OWNER = owner(ProcessHandle.current());

    private static final AtomicLong COUNT = new AtomicLong();

    /** Files of this process that are being written. */
    private static final Set<TemporaryFile> UNDER_WAY = ConcurrentHashMap.newKeySet();

    /** Folders that this process cleaned. */
    private static final Set<Path> CLEANED = ConcurrentHashMap.newKeySet();

    /** Guards the creation of files: none begins once the JVM is ending, since nothing would remove it. */
    private static final Object GATE = new Object();

    private static boolean ending;

    static {
        try {
            Runtime.getRuntime().addShutdownHook(new Thread(TemporaryFile::removeAll));
        } catch (IllegalStateException e) {
            ending = true; // the JVM is ending already
        }
    }

    private static void removeAll() {
        synchronized (GATE) {
            ending = true;
        }
        UNDER_WAY.forEach(TemporaryFile::deleteIfPossible);
    }

    /** Waits for the end of the process if it has begun; to be called with the lock on {@link #GATE}. */
    private static void waitIfEnding() throws IOException {
        try {
            while (ending) GATE.wait();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the process is ending");
        }
    }

    private final Path path;
    private final Path lockFile;
    private final FileChannel lock;

    private TemporaryFile(Path path, Path lockFile, FileChannel lock) {
        this.path = path;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /**
     * Takes a name beside a file. The first call for a folder removes what dead processes left in it.
     *
     * @param file absolute
     * @throws IOException if the folder can't be written to
     */
    static TemporaryFile beside(Path file) throws IOException {
        clean(Objects.requireNonNull(file.getParent()));
        String name = file.getFileName().toString();
        if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
            name = Integer.toHexString(name.hashCode());
        }
        while (true) {
            String own = "." + name + "." + OWNER + "-" + Long.toString(COUNT.getAndIncrement(), 36);
            Path lockFile = file.resolveSibling(own + LOCK_ENDING);
            synchronized (GATE) {
                waitIfEnding();
                FileChannel lock = tryLock(lockFile);
                if (lock != null) {
                    TemporaryFile temporary = new TemporaryFile(file.resolveSibling(own + ENDING), lockFile, lock);
                    UNDER_WAY.add(temporary);
                    return temporary;
                }
            }
        }
    }

    private static void clean(Path folder) {
        if (CLEANED.add(folder)) {
            try {
                removeLeftovers(folder);
            } catch (IOException e) {
                // A folder that can be written to and not be listed.
            }
        }
    }

    /** The locked file, made here; null if the name is taken or another process removes it as a dead one's. */
    private static @Nullable FileChannel tryLock(Path lockFile) throws IOException {
        FileChannel lock;
        try {
            lock = FileChannel.open(lockFile, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (FileAlreadyExistsException e) {
            return null;
        }
        try {
            if (lock.tryLock() == null || !Files.exists(lockFile)) {
                lock.close();
                return null;
            }
        } catch (IOException e) {
            // A file system without locks. No other process gets a lock there either, so none removes this one's files.
        }
        return lock;
    }

    /** Where to write; does not exist before {@link #open}. */
    Path path() {
        return path;
    }

    /** Creates the file, open for reading and writing. */
    FileChannel open() throws IOException {
        synchronized (GATE) {
            waitIfEnding();
            return FileChannel.open(
                    path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        }
    }

    /** Gives the name back after the file was moved away. */
    void release() throws IOException {
        UNDER_WAY.remove(this);
        Files.deleteIfExists(lockFile);
        lock.close();
    }

    /** Removes the file, if it is there, and gives the name back. */
    void delete() throws IOException {
        try {
            Files.deleteIfExists(path);
        } finally {
            release();
        }
    }

    /** Whether a file of this name is being written or was left by a process that died. */
    static boolean is(Path file) {
        return NAME.matcher(file.getFileName().toString()).matches();
    }

    /** Removes what dead processes left in a folder. */
    static void removeLeftovers(Path folder) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, ".*" + LOCK_ENDING)) {
            for (Path entry : entries) {
                Matcher name = NAME.matcher(entry.getFileName().toString());
                // Closing a descriptor of a lock file of this very process would give that lock up.
                if (name.matches() && !name.group(1).equals(OWNER)) {
                    removeIfDead(entry);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static void removeIfDead(Path lockFile) {
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE)) {
            if (channel.tryLock() != null) {
                String name = lockFile.getFileName().toString();
                String stem = name.substring(0, name.length() - LOCK_ENDING.length());
                Files.deleteIfExists(lockFile.resolveSibling(stem + ENDING));
                Files.deleteIfExists(lockFile);
            }
        } catch (IOException | OverlappingFileLockException e) {
            // Removed meanwhile, another user's, or on a file system without locks: not ours to remove.
        }
    }

    private void deleteIfPossible() {
        try {
            delete();
        } catch (IOException e) {
            // It is hidden, and the next process that writes here removes it.
        }
    }

    private static String owner(ProcessHandle process) {
        long start = process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
        return "gm-" + Long.toString(process.pid(), 36) + "-" + Long.toString(start, 36);
    }
}
