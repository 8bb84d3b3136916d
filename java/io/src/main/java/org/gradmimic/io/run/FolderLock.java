package org.gradmimic.io.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;

/**
 * The right to write to a folder, held by one process at a time. The system releases the lock when the process ends,
 * however it ends. The lock file {@code .lock} contains the id of the last process that took the lock. It is never
 * removed: otherwise two processes could lock two files of the same name.
 */
public final class FolderLock implements AutoCloseable {
    static final String FILE = ".lock";

    /**
     * Folders that this process has locked. A second channel on a lock file must not even be opened: by POSIX, closing
     * it would release the lock of the first.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel channel;

    private FolderLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /**
     * Takes the lock, without waiting for it.
     *
     * @param folder created, with its parents, if it is missing
     * @throws InputException if another run holds the lock (the message has the id of its process), or if the folder
     *     cannot be created or written to
     */
    public static FolderLock take(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (FileAlreadyExistsException e) {
            throw new InputException(folder + " is a file; the output is a folder", e);
        } catch (IOException e) {
            throw new InputException("cannot create the folder " + folder + ": " + AtomicFile.reason(e), e);
        }
        Path real = real(folder);
        if (!HELD.add(real)) throw inUse(folder, ProcessHandle.current().pid() + " (this one)");
        boolean taken = false;
        try {
            FolderLock lock = lock(folder, real);
            taken = true;
            return lock;
        } finally {
            if (!taken) HELD.remove(real);
        }
    }

    /** Whether a process, perhaps this one, has the lock. False if that cannot be found out. */
    public static boolean isTaken(Path folder) {
        Path file = folder.resolve(FILE);
        try {
            // Closing a channel on the file would release a lock that this process has.
            if (!Files.exists(file)) return false;
            if (HELD.contains(folder.toRealPath())) return true;
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                return channel.tryLock() == null;
            }
        } catch (IOException e) {
            return false; // Without write permission a process cannot tell, and for reading it does not matter.
        }
    }

    private static Path real(Path folder) {
        try {
            return folder.toRealPath();
        } catch (IOException e) {
            throw new InputException("cannot read the folder " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    private static FolderLock lock(Path folder, Path real) {
        Path file = folder.resolve(FILE);
        try {
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            boolean locked = false;
            try {
                locked = channel.tryLock() != null;
                if (!locked) throw inUse(folder, read(channel));
                channel.truncate(0);
                channel.write(StandardCharsets.US_ASCII.encode(
                        Long.toString(ProcessHandle.current().pid())));
                return new FolderLock(real, channel);
            } finally {
                if (!locked) channel.close();
            }
        } catch (IOException e) {
            throw new InputException("cannot lock " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    private static String read(FileChannel channel) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(20);
        channel.read(content, 0);
        String number = StandardCharsets.US_ASCII.decode(content.flip()).toString();
        return number.matches("[0-9]+") ? number : "of unknown number";
    }

    private static InputException inUse(Path folder, String process) {
        return new InputException(
                folder + " is in use by process " + process + "; wait until that run has ended, or use another folder");
    }

    /** Releases the lock. A second call does nothing. */
    @Override
    public void close() {
        if (!channel.isOpen()) return;
        try {
            channel.close();
        } catch (IOException e) {
            throw new InputException("cannot release " + folder.resolve(FILE) + ": " + AtomicFile.reason(e), e);
        } finally {
            HELD.remove(folder);
        }
    }
}
