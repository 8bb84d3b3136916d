package org.gradmimic.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.gradmimic.base.SplitMix;

/** Changes bytes at random: single bits, numbers at their limits, digits of text, whole blocks. */
final class Mutator {
    private static final long[] NUMBERS = {
        0,
        1,
        2,
        3,
        4,
        8,
        16,
        31,
        32,
        63,
        64,
        100,
        127,
        128,
        255,
        256,
        511,
        512,
        1000,
        4096,
        32767,
        32768,
        65535,
        65536,
        Integer.MAX_VALUE - 1,
        Integer.MAX_VALUE,
        1L << 31,
        (1L << 32) - 1,
        1L << 32,
        (1L << 62) - 1,
        1L << 62,
        Long.MAX_VALUE - 1,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -1,
        -2,
        -128,
        -32768
    };
    private static final String[] WORDS = {
        "0",
        "1",
        "-1",
        "9",
        "00",
        "1e9",
        "1e400",
        "NaN",
        "null",
        "true",
        "[]",
        "{}",
        "\"\"",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "!",
        "&",
        "|",
        "'",
        "\"",
        "\\",
        "\n",
        "\0",
        "%s",
        "..",
        "/",
        "2147483648",
        "9223372036854775808",
        "18446744073709551616",
        "\u00e4",
        "\ud83d\ude00"
    };
    private static final int MAX_BYTES = 1 << 20;

    private final SplitMix random;

    Mutator(SplitMix random) {
        this.random = random;
    }

    /** One of the seeds, changed in one to eight places. */
    byte[] mutate(List<byte[]> seeds) {
        byte[] bytes = pick(seeds).clone();
        int changes = 1 << random.nextInt(4);
        for (int i = 0; i < changes; i++) bytes = change(bytes, seeds);
        return bytes;
    }

    private byte[] change(byte[] bytes, List<byte[]> seeds) {
        if (bytes.length == 0) return word();
        int at = place(bytes.length);
        switch (random.nextInt(12)) {
            case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> bytes[at] = (byte) random.nextInt(256);
            case 3, 4 -> number(bytes, at);
            case 5 -> {
                return splice(bytes, at, at, word());
            }
            case 6 -> {
                return digits(bytes, at);
            }
            case 7 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 8 -> {
                return splice(bytes, at, Math.min(bytes.length, at + length()), new byte[0]);
            }
            case 9 -> {
                int from = place(bytes.length);
                return splice(bytes, at, at, Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + length())));
            }
            case 10 -> {
                byte[] other = pick(seeds);
                if (other.length == 0) return bytes;
                int from = place(other.length);
                byte[] part = Arrays.copyOfRange(other, from, Math.min(other.length, from + length()));
                return splice(bytes, at, Math.min(bytes.length, at + part.length), part);
            }
            default -> Arrays.fill(bytes, at, Math.min(bytes.length, at + length()), (byte) (random.nextInt(3) - 1));
        }
        return bytes;
    }

    /** Headers lie at the beginning of most formats and at the end of some; most of the rest is data. */
    private int place(int length) {
        int near = Math.min(length, 256);
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(near);
            case 1 -> length - 1 - random.nextInt(near);
            default -> random.nextInt(length);
        };
    }

    private int length() {
        return 1 + random.nextInt(1 << random.nextInt(10));
    }

    private void number(byte[] bytes, int at) {
        long value = NUMBERS[random.nextInt(NUMBERS.length)];
        int width = 1 << random.nextInt(4);
        int from = Math.max(0, Math.min(at, bytes.length - width));
        ByteBuffer target = ByteBuffer.allocate(Long.BYTES);
        boolean little = random.nextInt(2) == 0;
        target.order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN).putLong(0, value);
        int source = little ? 0 : Long.BYTES - width;
        for (int i = 0; i < width && from + i < bytes.length; i++) bytes[from + i] = target.get(source + i);
    }

    /** Replaces a run of digits by another number. */
    private byte[] digits(byte[] bytes, int at) {
        int from = at;
        while (from < bytes.length && (bytes[from] < '0' || bytes[from] > '9')) from++;
        int to = from;
        while (to < bytes.length && bytes[to] >= '0' && bytes[to] <= '9') to++;
        long number = NUMBERS[random.nextInt(NUMBERS.length)];
        return splice(bytes, from, to, Long.toUnsignedString(number).getBytes(StandardCharsets.US_ASCII));
    }

    private byte[] word() {
        return WORDS[random.nextInt(WORDS.length)].getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] part) {
        if (bytes.length - (to - from) + part.length > MAX_BYTES) return bytes;
        byte[] result = new byte[bytes.length - (to - from) + part.length];
        System.arraycopy(bytes, 0, result, 0, from);
        System.arraycopy(part, 0, result, from, part.length);
        System.arraycopy(bytes, to, result, from + part.length, bytes.length - to);
        return result;
    }

    private byte[] pick(List<byte[]> seeds) {
        return seeds.get(random.nextInt(seeds.size()));
    }
}
