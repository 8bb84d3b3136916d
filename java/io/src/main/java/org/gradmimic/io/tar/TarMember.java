package org.gradmimic.io.tar;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;

/**
 * A member of a tar archive, as described by its header blocks.
 *
 * @see TarReader
 */
public final class TarMember {
    /** The kinds of members. */
    public enum Kind {
        /** A regular file whose content is stored completely. */
        FILE("a file"),
        /** A regular file that is stored without its holes, in one of the sparse formats of GNU or pax. */
        SPARSE("a sparse file"),
        DIRECTORY("a folder"),
        HARD_LINK("a hard link"),
        SYMBOLIC_LINK("a symbolic link"),
        /** A pipe, a device, or a type that this reader does not know. */
        OTHER("a pipe, a device or of an unknown type");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        /** The kind in words, for messages. */
        public String words() {
            return words;
        }
    }

    private final String storedName;
    private final Kind kind;
    private final long size;
    private final List<byte[]> extensions;
    private final byte[] header;

    /**
     * @param extensions the preceding members that extend its header (pax headers, long names), each with its content
     * @param header its own header block, and the blocks of a sparse map
     */
    TarMember(String storedName, Kind kind, long size, List<byte[]> extensions, byte[] header) {
        this.storedName = storedName;
        this.kind = kind;
        this.size = size;
        this.extensions = extensions;
        this.header = header;
    }

    /**
     * Its path, without {@code ./} at the start or {@code /} at the end. A byte that is not UTF-8 is represented by one
     * of the characters U+DC80 to U+DCFF, as in Python.
     */
    public String name() {
        String name = storedName;
        while (name.startsWith("./")) name = name.substring(2);
        while (name.length() > 1 && name.endsWith("/")) name = name.substring(0, name.length() - 1);
        return name;
    }

    /** Its name for messages, on one line. */
    public String shownName() {
        return shown(name());
    }

    /**
     * The name of a member, or a part of one, for messages: bytes that are not UTF-8, and control characters, as {@code
     * \xE4}.
     */
    public static String shown(String name) {
        return TarNames.shown(name);
    }

    /** {@return its kind} */
    public Kind kind() {
        return kind;
    }

    /**
     * {@return the number of bytes of its content in the archive; the content of a sparse file is longer once its holes
     * are filled}
     */
    public long size() {
        return size;
    }

    /** {@return its header blocks, byte for byte, including the blocks before them that belong to it} */
    public byte[] header() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        extensions.forEach(all::writeBytes);
        all.writeBytes(header);
        return all.toByteArray();
    }

    /**
     * Header blocks for a copy with another name; everything else is unchanged.
     *
     * @param infix the text that is inserted into the name
     * @param behind the number of characters of the name that stay after it
     */
    public byte[] header(String infix, int behind) {
        int at = storedName.length() - behind;
        byte[] name = TarNames.encode(storedName.substring(0, at) + infix + storedName.substring(at));
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] extension : extensions) {
            TarHeader before = new TarHeader(Arrays.copyOf(extension, TarHeader.BLOCK));
            if (before.type() == 'L') continue;
            if (before.type() != 'x' && before.type() != 'X') {
                all.writeBytes(extension);
                continue;
            }
            byte[] content =
                    Arrays.copyOfRange(extension, TarHeader.BLOCK, TarHeader.BLOCK + Math.toIntExact(before.size()));
            byte[] records = PaxRecords.renamed(content, name);
            if (records.length > 0) all.writeBytes(TarHeader.padded(before.sized(records.length), records));
        }
        if (!TarHeader.fits(name)) all.writeBytes(TarHeader.longName(name));
        all.writeBytes(new TarHeader(Arrays.copyOf(header, TarHeader.BLOCK)).named(name));
        all.write(header, TarHeader.BLOCK, header.length - TarHeader.BLOCK);
        return all.toByteArray();
    }
}
