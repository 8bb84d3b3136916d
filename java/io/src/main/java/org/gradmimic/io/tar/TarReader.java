package org.gradmimic.io.tar;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipException;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.GzipStream;
import org.gradmimic.io.InputFiles;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar archive from front to back: v7, ustar, pax and GNU, gzipped or not (its first bytes tell).
 *
 * <p>Every truncation is detected: a truncated member, a gzip stream whose checksum is missing or wrong, and an archive
 * without the blocks of zeros at its end. Joined archives ({@code cat a.tar b.tar}) are read one after the other. A
 * stated size takes no memory before the bytes are read. The following are rejected by name: a member whose path
 * contains {@code ..}, a part of a multi-volume archive, and a global pax header that sets more than a comment.
 */
public final class TarReader implements AutoCloseable {
    private static final int BUFFER = 64 << 10;
    private static final int END_BLOCKS = 2;

    /** The largest extension header in bytes, above any name or map of holes that a file system produces. */
    private static final long LONGEST_EXTENSION = 1 << 20;

    private final Path path;
    private final InputStream in;

    /** The number of bytes after the current position of the file; unknown for a gzip stream. */
    private long left = Long.MAX_VALUE;

    /** The size of the file; negative for a gzip stream. */
    private final long size;

    private @Nullable TarMember member;
    private long unread;
    private String lastGood = "";
    private long good;
    private int zeroBlocks;

    /**
     * @throws IOException if the file is missing or cannot be read
     * @throws InputException if it is not a regular file or not a tar archive
     */
    public TarReader(Path path) throws IOException {
        this.path = path;
        InputStream raw = new BufferedInputStream(InputFiles.open(path), BUFFER);
        try {
            this.in = decompressed(raw);
            size = in == raw ? Files.size(path) : -1;
            if (size >= 0) left = size;
            in.mark(TarHeader.BLOCK);
            byte[] start = in.readNBytes(TarHeader.BLOCK);
            in.reset();
            if (start.length < TarHeader.BLOCK || !new TarHeader(start).isValid()) {
                throw InputException.in(path, "not a tar archive; expected a folder, .tar or .tar.gz");
            }
        } catch (EOFException | ZipException e) {
            raw.close();
            throw damaged(e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    /** The number of zeros after content of that many bytes, up to whole blocks. */
    public static int padding(long bytes) {
        return TarHeader.padding(bytes);
    }

    private static InputStream decompressed(InputStream raw) throws IOException {
        raw.mark(2);
        byte[] start = raw.readNBytes(2);
        raw.reset();
        boolean gzip = start.length == 2 && start[0] == 0x1f && (start[1] & 0xff) == 0x8b;
        return gzip ? new BufferedInputStream(new GzipStream(raw, BUFFER), BUFFER) : raw;
    }

    /**
     * Advances to the next member.
     *
     * @return null at the end, after the whole file was checked
     * @throws InputException if the archive is damaged or truncated, or contains something that is rejected
     */
    public @Nullable TarMember next() {
        try {
            TarMember before = member;
            if (before != null) {
                skip(unread + TarHeader.padding(before.size()));
                lastGood = before.shownName();
                good++;
            }
            member = null;
            unread = 0;
            member = read();
            if (member != null) unread = member.size();
            return member;
        } catch (IOException | InvalidArgumentException e) {
            throw damaged(e.getMessage(), e);
        }
    }

    private @Nullable TarMember read() throws IOException {
        List<byte[]> extensions = new ArrayList<>();
        PaxRecords pax = null;
        byte[] longName = null;
        while (true) {
            byte[] block = block(extensions.isEmpty());
            if (block == null) return null;
            TarHeader header = new TarHeader(block);
            if (!header.isValid()) {
                throw damaged(
                        zeroBlocks > 0
                                ? "bytes that are not a tar archive follow its end"
                                : "the checksum of a header is wrong",
                        null);
            }
            zeroBlocks = 0;
            switch (header.type()) {
                case 'x', 'X' -> {
                    byte[] content = content(header);
                    pax = new PaxRecords(content);
                    extensions.add(TarHeader.padded(block, content));
                }
                case 'L' -> {
                    longName = content(header);
                    extensions.add(TarHeader.padded(block, longName));
                }
                case 'K' -> extensions.add(TarHeader.padded(block, content(header)));
                case 'g' -> refuseGlobal(new PaxRecords(content(header)));
                default -> {
                    return member(header, block, extensions, pax, longName);
                }
            }
        }
    }

    private TarMember member(
            TarHeader header,
            byte[] block,
            List<byte[]> extensions,
            @Nullable PaxRecords pax,
            byte @Nullable [] longName)
            throws IOException {
        byte[] all = block;
        if (header.type() == 'S' && header.sparseMapGoesOn()) {
            ByteArrayOutputStream blocks = new ByteArrayOutputStream();
            blocks.writeBytes(block);
            byte[] extension;
            do {
                extension = take(TarHeader.BLOCK);
                blocks.writeBytes(extension);
                if (blocks.size() > LONGEST_EXTENSION) throw damaged("a sparse map without an end", null);
            } while (TarHeader.sparseMapGoesOn(extension));
            all = blocks.toByteArray();
        }
        String name = TarNames.decode(name(header, pax, longName));
        TarMember.Kind kind = kind(header.type(), name, pax);
        if (header.type() == 'M') {
            throw InputException.in(
                    path, TarNames.shown(name) + " continues from another volume; join the volumes first");
        }
        long size = hasContent(header.type()) ? size(header, pax) : 0;
        if (size < 0) throw damaged(TarNames.shown(name) + " has no valid size", null);
        if (size > left) {
            throw damaged(
                    TarNames.shown(name) + " claims " + size + " bytes, where the file has " + left + " left", null);
        }
        for (String part : name.split("/", -1)) {
            if (part.equals("..")) {
                throw InputException.in(
                        path,
                        "member " + TarNames.shown(name) + " would leave the archive's folder ('..' in its path)");
            }
        }
        return new TarMember(name, kind, size, extensions, all);
    }

    private static byte[] name(TarHeader header, @Nullable PaxRecords pax, byte @Nullable [] longName) {
        byte[] name = pax == null ? null : pax.get(PaxRecords.SPARSE_NAME);
        if (name == null && pax != null) name = pax.get(PaxRecords.PATH);
        if (name != null) return name;
        if (longName == null) return header.name();
        int end = 0;
        while (end < longName.length && longName[end] != 0) end++;
        return Arrays.copyOf(longName, end);
    }

    private static TarMember.Kind kind(char type, String name, @Nullable PaxRecords pax) {
        return switch (type) {
            case 0, '0', '7' -> {
                if (type == 0 && name.endsWith("/")) yield TarMember.Kind.DIRECTORY;
                yield pax != null && pax.isSparse() ? TarMember.Kind.SPARSE : TarMember.Kind.FILE;
            }
            case 'S' -> TarMember.Kind.SPARSE;
            case '1' -> TarMember.Kind.HARD_LINK;
            case '2' -> TarMember.Kind.SYMBOLIC_LINK;
            case '5' -> TarMember.Kind.DIRECTORY;
            default -> TarMember.Kind.OTHER;
        };
    }

    /** Links, devices, folders and pipes have no content, whatever their size field says. */
    private static boolean hasContent(char type) {
        return type < '1' || type > '6';
    }

    private static long size(TarHeader header, @Nullable PaxRecords pax) {
        byte[] size = pax == null ? null : pax.get(PaxRecords.SIZE);
        if (size == null) return header.size();
        try {
            return Long.parseLong(new String(size, StandardCharsets.US_ASCII));
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private void refuseGlobal(PaxRecords records) {
        for (String key : records.keys()) {
            if (!key.equals("comment")) {
                throw InputException.in(
                        path, "a global pax header sets '" + TarNames.shown(key) + "' for all members; not supported");
            }
        }
    }

    private byte[] content(TarHeader header) throws IOException {
        long size = header.size();
        if (size < 0 || size > LONGEST_EXTENSION) {
            throw damaged("an extension header claims " + size + " bytes", null);
        }
        byte[] content = take((int) size);
        take(TarHeader.padding(size));
        return content;
    }

    /**
     * The next block that does not consist of zeros; null at the end.
     *
     * @param mayEnd whether the archive may end here
     */
    private byte @Nullable [] block(boolean mayEnd) throws IOException {
        while (true) {
            byte[] block = in.readNBytes(TarHeader.BLOCK);
            left -= block.length;
            boolean zeros = isZero(block);
            if (block.length == TarHeader.BLOCK && !zeros) return block;
            if (!mayEnd || !zeros) throw damaged("ends within a header", null);
            if (block.length < TarHeader.BLOCK) {
                if (zeroBlocks < END_BLOCKS) {
                    throw damaged("ends without the blocks of zeros that close an archive", null);
                }
                return null;
            }
            zeroBlocks++;
        }
    }

    private static boolean isZero(byte[] block) {
        for (byte value : block) {
            if (value != 0) return false;
        }
        return true;
    }

    /** Where the content of the current member, not read yet, begins in the file; negative in a gzip stream. */
    public long contentOffset() {
        return size < 0 ? -1 : size - left;
    }

    /**
     * Reads the stored content of the current member.
     *
     * @throws InputException if the archive is damaged or truncated
     */
    public byte[] content() {
        try {
            return take(Math.toIntExact(unread));
        } catch (IOException | ArithmeticException e) {
            throw damaged(e.getMessage(), e);
        } finally {
            unread = 0;
        }
    }

    /**
     * Reads the content of the current member to the start of {@code target}.
     *
     * @throws InputException if the archive is damaged or truncated
     */
    public void read(byte[] target) {
        try {
            int bytes = Math.toIntExact(unread);
            int read = in.readNBytes(target, 0, bytes);
            left -= read;
            unread = 0;
            if (read < bytes) throw damaged("ends within a member", null);
        } catch (IOException | ArithmeticException e) {
            throw damaged(e.getMessage(), e);
        }
    }

    private byte[] take(int bytes) throws IOException {
        byte[] taken = in.readNBytes(bytes);
        left -= taken.length;
        if (taken.length < bytes) throw damaged("ends within a member", null);
        return taken;
    }

    private void skip(long bytes) throws IOException {
        try {
            in.skipNBytes(bytes);
        } catch (EOFException e) {
            throw damaged("ends within a member", e);
        }
        left -= bytes;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private InputException damaged(@Nullable String reason, @Nullable Exception cause) {
        String where = good == 0
                ? "no member could be read completely"
                : "the last good member, number " + good + ", is " + lastGood;
        return InputException.in(path, "truncated or damaged archive (" + reason + "); " + where, cause);
    }
}
