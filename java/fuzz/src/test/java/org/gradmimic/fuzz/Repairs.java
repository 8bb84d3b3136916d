package org.gradmimic.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** Makes lengths and checksums of mutated files right again; in place. */
final class Repairs {
    private static final int BLOCK = 512;
    private static final int CHECKSUM = 148;
    private static final int NPY_START = 10;
    private static final int PNG_START = 8;

    private Repairs() {}

    /** The length of a header that ends with the first end of a line. */
    static byte[] npy(byte[] file) {
        for (int i = NPY_START; i < file.length; i++) {
            if (file[i] == '\n') {
                ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putShort(8, (short) (i + 1 - NPY_START));
                break;
            }
        }
        return file;
    }

    /** The length of a header before so many bytes of data. */
    static byte[] safetensors(byte[] file, int data) {
        long length = file.length - Long.BYTES - data;
        if (length >= 0) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
        return file;
    }

    /** The checksum of every block that looks like a header. */
    static byte[] tar(byte[] file) {
        byte[] magic = "ustar".getBytes(StandardCharsets.US_ASCII);
        for (int at = 0; at + BLOCK <= file.length; at += BLOCK) {
            int same = 0;
            for (int i = 0; i < magic.length; i++) {
                if (file[at + 257 + i] == magic[i]) same++;
            }
            if (same < magic.length - 1) continue;
            int sum = 0;
            for (int i = 0; i < BLOCK; i++) {
                sum += i >= CHECKSUM && i < CHECKSUM + 8 ? ' ' : file[at + i] & 0xff;
            }
            byte[] text = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(text, 0, file, at + CHECKSUM, text.length);
        }
        return file;
    }

    /** The checksum of every chunk whose length can be believed. */
    static byte[] png(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file);
        int at = PNG_START;
        while (at + 12 <= file.length) {
            int length = bytes.getInt(at);
            if (length < 0 || length > file.length - at - 12) break;
            CRC32 checksum = new CRC32();
            checksum.update(file, at + 4, 4 + length);
            bytes.putInt(at + 8 + length, (int) checksum.getValue());
            at += 12 + length;
        }
        return file;
    }
}
