package org.gradmimic.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The size in the first bytes of an encoded image, read without decoding it. A small file can claim a large image, so
 * the size must be known before memory is allocated.
 *
 * @param width number of columns
 * @param height number of rows
 */
record ImageHeader(long width, long height) {
    /** The supported formats. */
    static final String FORMATS = "JPEG, PNG, GIF, BMP, WebP, TIFF or PNM";

    private static final long PNG = 0x89504e470d0a1a0aL;
    private static final int PNG_CHUNKS = 8;
    private static final int PNG_CHUNK = 12; // length, type and checksum
    private static final int IHDR = 0x49484452;

    /** The number of pixels; at most {@link Long#MAX_VALUE}. */
    long pixels() {
        long high = Math.multiplyHigh(width, height);
        return high != 0 || width * height < 0 ? Long.MAX_VALUE : width * height;
    }

    @Override
    public String toString() {
        return width + "x" + height + " pixels";
    }

    /**
     * Reads the size.
     *
     * @param content contains the image from 0 to {@code length}
     * @return null if the header is damaged, truncated or not in one of {@link #FORMATS}
     */
    static @Nullable ImageHeader read(byte[] content, int length) {
        ByteBuffer bytes = ByteBuffer.wrap(content, 0, length).slice();
        try {
            ImageHeader header = read(bytes);
            return header == null || header.width < 1 || header.height < 1 ? null : header;
        } catch (IndexOutOfBoundsException e) {
            return null; // the file ends within its header
        }
    }

    private static @Nullable ImageHeader read(ByteBuffer bytes) {
        if (isPng(bytes)) return bytes.getInt(12) == IHDR ? of(bytes.getInt(16), bytes.getInt(20)) : null;
        if (isJpeg(bytes)) return jpeg(bytes);
        if (starts(bytes, 0, "GIF8")) {
            bytes.order(ByteOrder.LITTLE_ENDIAN);
            return of(unsigned(bytes, 6), unsigned(bytes, 8));
        }
        if (starts(bytes, 0, "BM")) return bmp(bytes.order(ByteOrder.LITTLE_ENDIAN));
        if (starts(bytes, 0, "RIFF") && starts(bytes, 8, "WEBP")) return webp(bytes.order(ByteOrder.LITTLE_ENDIAN));
        if (starts(bytes, 0, "II")) return tiff(bytes.order(ByteOrder.LITTLE_ENDIAN));
        if (starts(bytes, 0, "MM")) return tiff(bytes);
        if (bytes.get(0) == 'P' && bytes.get(1) >= '1' && bytes.get(1) <= '7') return pnm(bytes);
        return null;
    }

    private static ImageHeader of(int width, int height) {
        return new ImageHeader(Integer.toUnsignedLong(width), Integer.toUnsignedLong(height));
    }

    private static int unsigned(ByteBuffer bytes, int at) {
        return Short.toUnsignedInt(bytes.getShort(at));
    }

    private static boolean starts(ByteBuffer bytes, int at, String text) {
        if (bytes.limit() < at + text.length()) return false;
        for (int i = 0; i < text.length(); i++) {
            if (bytes.get(at + i) != text.charAt(i)) return false;
        }
        return true;
    }

    private static boolean isPng(ByteBuffer bytes) {
        return bytes.limit() >= Long.BYTES && bytes.getLong(0) == PNG;
    }

    private static boolean isJpeg(ByteBuffer bytes) {
        return bytes.limit() >= Integer.BYTES && bytes.getInt(0) >>> 8 == 0xffd8ff;
    }

    /** Skips from segment to segment to the start of a frame: SOF0 to SOF15, except the three that are tables. */
    private static @Nullable ImageHeader jpeg(ByteBuffer bytes) {
        for (int at = 2; ; ) {
            int marker = unsigned(bytes, at);
            if (marker == 0xffff) { // a fill byte
                at++;
                continue;
            }
            boolean frame = marker >= 0xffc0 && marker <= 0xffcf;
            if (frame && marker != 0xffc4 && marker != 0xffc8 && marker != 0xffcc) {
                return of(unsigned(bytes, at + 7), unsigned(bytes, at + 5));
            }
            if (marker < 0xff00 || marker == 0xffd9 || marker == 0xffda) return null;
            at += 2 + unsigned(bytes, at + 2);
        }
    }

    private static ImageHeader bmp(ByteBuffer bytes) {
        boolean old = bytes.getInt(14) == 12; // OS/2 has sides of 16 bits
        if (old) return of(unsigned(bytes, 18), unsigned(bytes, 20));
        // A negative height says that rows go from top to bottom.
        return new ImageHeader(bytes.getInt(18), Math.abs((long) bytes.getInt(22)));
    }

    private static @Nullable ImageHeader webp(ByteBuffer bytes) {
        if (starts(bytes, 12, "VP8 ")) return of(unsigned(bytes, 26) & 0x3fff, unsigned(bytes, 28) & 0x3fff);
        if (starts(bytes, 12, "VP8L")) {
            int sides = bytes.getInt(21);
            return of(1 + (sides & 0x3fff), 1 + (sides >>> 14 & 0x3fff));
        }
        if (starts(bytes, 12, "VP8X")) return of(1 + (bytes.getInt(23) >>> 8), 1 + (bytes.getInt(26) >>> 8));
        return null;
    }

    /** The first image's ImageWidth (256) and ImageLength (257); version 43 has places of 64 bits. */
    private static @Nullable ImageHeader tiff(ByteBuffer bytes) {
        boolean big = bytes.getShort(2) == 43;
        if (!big && bytes.getShort(2) != 42) return null;
        long start = big ? bytes.getLong(8) : Integer.toUnsignedLong(bytes.getInt(4));
        int directory = Math.toIntExact(Math.min(Math.max(start, 0), Integer.MAX_VALUE - 8));
        long entries = big ? bytes.getLong(directory) : unsigned(bytes, directory);
        long width = 0;
        long height = 0;
        int at = directory + (big ? 8 : 2);
        for (long i = 0; i < entries; i++, at += big ? 20 : 12) {
            int tag = unsigned(bytes, at);
            if (tag != 256 && tag != 257) continue;
            int value = at + (big ? 12 : 8);
            long side = switch (bytes.getShort(at + 2)) {
                case 3 -> unsigned(bytes, value);
                case 4 -> Integer.toUnsignedLong(bytes.getInt(value));
                case 16 -> Math.max(0, bytes.getLong(value));
                default -> 0;
            };
            if (tag == 256) width = side;
            else height = side;
        }
        return new ImageHeader(width, height);
    }

    /** P1 to P6 have two numbers after white space and comments; P7 has words before them. */
    private static ImageHeader pnm(ByteBuffer bytes) {
        int end = Math.min(bytes.limit(), 4096);
        String[] words = new String(bytes.array(), bytes.arrayOffset() + 2, end - 2, StandardCharsets.ISO_8859_1)
                .replaceAll("#[^\n]*", " ")
                .strip()
                .split("\\s+", 20);
        if (bytes.get(1) != '7') return new ImageHeader(number(words[0]), number(words[1]));
        long width = 0;
        long height = 0;
        for (int i = 0; i + 1 < words.length; i++) {
            if (words[i].equals("WIDTH")) width = number(words[i + 1]);
            if (words[i].equals("HEIGHT")) height = number(words[i + 1]);
        }
        return new ImageHeader(width, height);
    }

    private static long number(String digits) {
        return digits.matches("[0-9]{1,18}") ? Long.parseLong(digits) : 0;
    }

    /**
     * Finds damage that a decoder would ignore, or report on standard error without the name of the image: a PNG chunk
     * with a wrong checksum, and a JPEG without its end, part of which would be grey.
     *
     * @return what is wrong; null if nothing is found
     */
    static @Nullable String damage(byte[] content, int length) {
        ByteBuffer bytes = ByteBuffer.wrap(content, 0, length).slice();
        if (isPng(bytes)) return pngDamage(bytes);
        return isJpeg(bytes) && !hasEnd(bytes) ? "the end of the JPEG image is missing" : null;
    }

    private static @Nullable String pngDamage(ByteBuffer bytes) {
        int at = PNG_CHUNKS;
        while (at <= bytes.limit() - PNG_CHUNK) {
            int size = bytes.getInt(at);
            String type =
                    new String(bytes.array(), bytes.arrayOffset() + at + 4, Integer.BYTES, StandardCharsets.ISO_8859_1);
            String place = "PNG chunk " + type.replaceAll("[^A-Za-z]", "?") + " at byte " + at;
            if (size < 0 || size > bytes.limit() - at - PNG_CHUNK) return place + " is truncated";
            CRC32 checksum = new CRC32();
            checksum.update(bytes.slice(at + 4, size + 4));
            if ((int) checksum.getValue() != bytes.getInt(at + 8 + size)) return place + " has a wrong checksum";
            if (type.equals("IEND")) return null;
            at += PNG_CHUNK + size;
        }
        return "the end of the PNG image is missing";
    }

    /**
     * Whether there is an end-of-image marker. The search starts at the end, where the marker is unless something was
     * appended.
     */
    private static boolean hasEnd(ByteBuffer bytes) {
        for (int at = bytes.limit() - 2; at >= 2; at--) {
            if (bytes.get(at) == (byte) 0xff && bytes.get(at + 1) == (byte) 0xd9) return at >= scan(bytes);
        }
        return false;
    }

    /** The start of the first scan. A thumbnail in an earlier segment can have an end marker of its own. */
    private static int scan(ByteBuffer bytes) {
        int at = 2;
        while (at <= bytes.limit() - 4) {
            int marker = unsigned(bytes, at);
            if (marker == 0xffda) return at;
            if (marker < 0xff00) break;
            at += marker == 0xffff ? 1 : 2 + unsigned(bytes, at + 2);
        }
        return bytes.limit();
    }
}
