package org.gradmimic.io.tar;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** One header block of a tar archive: its fields, their positions and how they are written. */
final class TarHeader {
    static final int BLOCK = 512;

    private static final int NAME = 0;
    private static final int NAME_BYTES = 100;
    private static final int SIZE = 124;
    private static final int NUMBER_BYTES = 12;
    private static final int CHECKSUM = 148;
    private static final int CHECKSUM_BYTES = 8;
    private static final int TYPE = 156;
    private static final int LINK = 157;
    private static final int MAGIC = 257;
    private static final int PREFIX = 345;
    private static final int PREFIX_BYTES = 155;
    private static final byte[] POSIX = {'u', 's', 't', 'a', 'r', 0};

    private final byte[] block;

    TarHeader(byte[] block) {
        this.block = block;
    }

    /** Whether the checksum is correct. Old programs added the bytes as signed numbers. */
    boolean isValid() {
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < BLOCK; i++) {
            byte value = i >= CHECKSUM && i < CHECKSUM + CHECKSUM_BYTES ? (byte) ' ' : block[i];
            unsigned += value & 0xff;
            signed += value;
        }
        long written = number(block, CHECKSUM, CHECKSUM_BYTES);
        return written == unsigned || written == signed;
    }

    char type() {
        return (char) (block[TYPE] & 0xff);
    }

    /** The size field; negative if it does not contain a number. */
    long size() {
        return number(block, SIZE, NUMBER_BYTES);
    }

    byte[] name() {
        byte[] name = text(block, NAME, NAME_BYTES);
        byte[] prefix = isPosix() ? text(block, PREFIX, PREFIX_BYTES) : new byte[0];
        if (prefix.length == 0) return name;
        byte[] whole = Arrays.copyOf(prefix, prefix.length + 1 + name.length);
        whole[prefix.length] = '/';
        System.arraycopy(name, 0, whole, prefix.length + 1, name.length);
        return whole;
    }

    byte[] link() {
        return text(block, LINK, NAME_BYTES);
    }

    /** Whether blocks with more of the sparse map follow (old GNU format). */
    boolean sparseMapGoesOn() {
        return block[482] != 0;
    }

    static boolean sparseMapGoesOn(byte[] extension) {
        return extension[504] != 0;
    }

    private boolean isPosix() {
        return Arrays.equals(block, MAGIC, MAGIC + POSIX.length, POSIX, 0, POSIX.length);
    }

    /** Whether a name fits in the name field. */
    static boolean fits(byte[] name) {
        return name.length <= NAME_BYTES;
    }

    /** The block of this header with another name, truncated if it does not fit. */
    byte[] named(byte[] name) {
        byte[] renamed = block.clone();
        Arrays.fill(renamed, NAME, NAME + NAME_BYTES, (byte) 0);
        System.arraycopy(name, 0, renamed, NAME, Math.min(name.length, NAME_BYTES));
        if (isPosix()) Arrays.fill(renamed, PREFIX, PREFIX + PREFIX_BYTES, (byte) 0);
        return summed(renamed);
    }

    /** The block of this header with another size. */
    byte[] sized(long size) {
        byte[] resized = block.clone();
        octal(resized, SIZE, NUMBER_BYTES - 1, size);
        resized[SIZE + NUMBER_BYTES - 1] = 0;
        return summed(resized);
    }

    /** A member of GNU's type L, whose content is the name of the following member. */
    static byte[] longName(byte[] name) {
        byte[] header = new byte[BLOCK];
        byte[] title = {'.', '/', '.', '/', '@', 'L', 'o', 'n', 'g', 'L', 'i', 'n', 'k'};
        System.arraycopy(title, 0, header, NAME, title.length);
        for (int field : new int[] {100, 108, 116}) octal(header, field, 7, 0); // mode, owner, group
        octal(header, SIZE, NUMBER_BYTES - 1, name.length + 1);
        octal(header, 136, NUMBER_BYTES - 1, 0); // time
        header[TYPE] = 'L';
        byte[] magic = {'u', 's', 't', 'a', 'r', ' ', ' ', 0};
        System.arraycopy(magic, 0, header, MAGIC, magic.length);
        return padded(summed(header), Arrays.copyOf(name, name.length + 1));
    }

    /** A header and content, padded with zeros to whole blocks. */
    static byte[] padded(byte[] header, byte[] content) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(header);
        all.writeBytes(content);
        all.writeBytes(new byte[padding(content.length)]);
        return all.toByteArray();
    }

    /** The number of bytes that pad content to whole blocks. */
    static int padding(long bytes) {
        return (int) (-bytes & (BLOCK - 1));
    }

    private static byte[] summed(byte[] header) {
        Arrays.fill(header, CHECKSUM, CHECKSUM + CHECKSUM_BYTES, (byte) ' ');
        long sum = 0;
        for (byte value : header) sum += value & 0xff;
        octal(header, CHECKSUM, 6, sum);
        header[CHECKSUM + 6] = 0;
        return header;
    }

    private static void octal(byte[] target, int from, int digits, long value) {
        long rest = value;
        for (int i = from + digits - 1; i >= from; i--) {
            target[i] = (byte) ('0' + (rest & 7));
            rest >>>= 3;
        }
    }

    /** An octal number, or a number of base 256 if the first bit is set; negative if it is neither. */
    private static long number(byte[] block, int from, int bytes) {
        if ((block[from] & 0x80) != 0) {
            long value = block[from] & 0x7f;
            for (int i = from + 1; i < from + bytes; i++) {
                if (value >= 1L << 55) return -1;
                value = value << 8 | block[i] & 0xff;
            }
            return value;
        }
        byte[] text = text(block, from, bytes);
        int at = 0;
        int end = text.length;
        while (at < end && text[at] == ' ') at++;
        while (end > at && text[end - 1] == ' ') end--;
        long value = 0;
        for (; at < end; at++) {
            if (text[at] < '0' || text[at] > '7') return -1;
            value = value << 3 | text[at] - '0';
        }
        return value;
    }

    /** The bytes of a field before its first zero. */
    private static byte[] text(byte[] block, int from, int bytes) {
        int end = from;
        while (end < from + bytes && block[end] != 0) end++;
        return Arrays.copyOfRange(block, from, end);
    }
}
