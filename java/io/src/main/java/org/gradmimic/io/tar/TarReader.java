package org.gradmimic.io.tar;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * A tar archive read from front to back, gzipped or not (its first bytes tell). Whatever ends early is noticed: an entry
 * cut short, a gzip stream whose checksum is missing or wrong, and an archive without the blocks of zeros at its end.
 */
public final class TarReader implements AutoCloseable {
    private static final int BUFFER = 64 << 10;
    private static final int END_MARK = 1024;

    private final Path path;
    private final ZeroTail tail;
    private final TarArchiveInputStream tar;
    private @Nullable TarArchiveEntry entry;
    private String lastGood = "";
    private long good;

    /**
     * @throws IOException if the file is missing or cannot be read
     * @throws InputException if it is no tar archive
     */
    public TarReader(Path path) throws IOException {
        this.path = path;
        InputStream raw = new BufferedInputStream(Files.newInputStream(path), BUFFER);
        try {
            this.tail = new ZeroTail(decompressed(raw));
            this.tar = new TarArchiveInputStream(tail, "UTF-8");
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    /**
     * Goes to the next entry.
     *
     * @return null at the end, after all of the file was checked
     * @throws InputException if the archive is damaged or ends early
     */
    public @Nullable TarArchiveEntry next() {
        try {
            TarArchiveEntry before = entry;
            entry = tar.getNextEntry();
            if (before != null) {
                lastGood = before.getName();
                good++;
            }
            if (entry == null) {
                // Reads the gzip trailer too, which holds the checksum.
                tail.transferTo(OutputStream.nullOutputStream());
                if (tail.zeros < END_MARK) {
                    throw damaged("ends without the blocks of zeros that close an archive", null);
                }
            }
            return entry;
        } catch (IOException | IllegalArgumentException e) {
            throw damaged(e.getMessage(), e);
        }
    }

    /**
     * Reads the current entry's content to the start of {@code target}.
     *
     * @throws InputException if the archive is damaged or ends early
     */
    public void read(byte[] target, int bytes) {
        try {
            int read = tar.readNBytes(target, 0, bytes);
            if (read < bytes) {
                throw damaged("ends within an entry", null);
            }
        } catch (IOException e) {
            throw damaged(e.getMessage(), e);
        }
    }

    /** The current entry's path, without {@code ./} in front or {@code /} at its end. */
    public static String name(TarArchiveEntry entry) {
        String name = entry.getName();
        while (name.startsWith("./")) {
            name = name.substring(2);
        }
        return name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
    }

    @Override
    public void close() throws IOException {
        tar.close();
    }

    private InputException damaged(@Nullable String reason, @Nullable Exception cause) {
        String where =
                good == 0 ? "no entry could be read whole" : "the last good entry, number " + good + ", is " + lastGood;
        String message = path + ": truncated or damaged archive (" + reason + "); " + where;
        return cause == null ? new InputException(message) : new InputException(message, cause);
    }

    private InputStream decompressed(InputStream raw) throws IOException {
        raw.mark(512);
        byte[] start = raw.readNBytes(512);
        raw.reset();
        if (start.length >= 2 && start[0] == 0x1f && (start[1] & 0xff) == 0x8b) {
            return new BufferedInputStream(new GZIPInputStream(raw, BUFFER), BUFFER);
        }
        if (!TarArchiveInputStream.matches(start, start.length)) {
            throw InputException.in(path, "not a tar archive; expected a folder, .tar or .tar.gz");
        }
        return raw;
    }

    /** Counts the zeros at the end of what was read so far. */
    private static final class ZeroTail extends FilterInputStream {
        private long zeros;

        ZeroTail(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int value = in.read();
            if (value >= 0) {
                zeros = value == 0 ? zeros + 1 : 0;
            }
            return value;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int read = in.read(target, offset, length);
            int i = offset + read - 1;
            while (i >= offset && target[i] == 0) {
                i--;
            }
            if (read > 0) {
                zeros = i < offset ? zeros + read : offset + read - 1 - i;
            }
            return read;
        }

        @Override
        public long skip(long count) throws IOException {
            // Skipped bytes count too, so they are read.
            long skipped = 0;
            byte[] waste = new byte[(int) Math.min(8192, Math.max(0, count))];
            while (skipped < count) {
                int read = read(waste, 0, (int) Math.min(waste.length, count - skipped));
                if (read < 0) {
                    break;
                }
                skipped += read;
            }
            return skipped;
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }
}
