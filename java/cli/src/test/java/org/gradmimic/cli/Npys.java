package org.gradmimic.cli;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/** {@code .npy} files of any type, order and header, as other programs write them. */
final class Npys {
    private Npys() {}

    static Path write(Path file, String type, double[] values, long... shape) {
        return write(file, type, false, values, shape);
    }

    static Path write(Path file, String type, boolean fortran, double[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(values.length * Character.getNumericValue(type.charAt(2)))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (double x : values) {
            switch (type) {
                case "<f8" -> data.putDouble(x);
                case "<f4" -> data.putFloat((float) x);
                case "<f2" -> data.putShort(half((float) x));
                case "<i8" -> data.putLong((long) x);
                case "<i4" -> data.putInt((int) x);
                case "|u1" -> data.put((byte) x);
                default -> throw new IllegalArgumentException(type);
            }
        }
        try {
            byte[] header = header(type, fortran, 0, shape);
            byte[] all = Arrays.copyOf(header, header.length + data.capacity());
            System.arraycopy(data.array(), 0, all, header.length, data.capacity());
            return Files.write(file, all);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An array of zeros that takes no space on the disk. */
    static Path sparse(Path file, String type, long bytes, long... shape) throws IOException {
        byte[] header = header(type, false, 0, shape);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(header);
            out.setLength(header.length + bytes);
        }
        return file;
    }

    /** A header with {@code extra} spaces more than it needs. */
    static byte[] header(String type, boolean fortran, int extra, long... shape) {
        String text = "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': ("
                + Arrays.stream(shape).mapToObj(n -> n + ",").collect(Collectors.joining()) + "), }"
                + " ".repeat(extra) + "\n";
        byte[] dictionary = text.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(10 + dictionary.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) dictionary.length)
                .put(dictionary)
                .array();
    }

    /** Binary16 of a number in its normal range, rounded toward zero. */
    private static short half(float x) {
        int bits = Float.floatToRawIntBits(x);
        int exponent = (bits >> 23 & 0xff) - 127;
        if (exponent < -14 || exponent > 15) return (short) (bits >>> 16 & 0x8000);
        return (short) (bits >>> 16 & 0x8000 | exponent + 15 << 10 | bits >> 13 & 0x3ff);
    }
}
