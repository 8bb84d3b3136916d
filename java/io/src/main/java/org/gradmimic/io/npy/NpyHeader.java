package org.gradmimic.io.npy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * The header of a {@code .npy} file, format versions 1 to 3: the magic {@code \x93NUMPY}, a version, a length, and a
 * Python dictionary with exactly the keys {@code descr}, {@code fortran_order} and {@code shape}.
 *
 * @param type the element type
 * @param shape the lengths of all axes, outermost first; empty for a scalar
 * @param dataOffset bytes before the first element
 * @param columnMajor whether the innermost axis of the shape varies most slowly (Fortran order)
 * @param bigEndian whether the bytes of an element are stored from the highest to the lowest
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">numpy.lib.format</a>
 */
public record NpyHeader(NpyType type, long[] shape, long dataOffset, boolean columnMajor, boolean bigEndian) {
    /** Magic, version and the longer of the two forms of the length. */
    public static final int MAX_PREFIX = 12;
    /** NumPy rejects longer headers too. */
    static final int MAX_LENGTH = 10_000;

    /** NumPy 2 has the same limit. */
    private static final int MAX_AXES = 64;

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int ALIGNMENT = 64;

    /** The number of elements. {@link #parse} made sure that it and the number of bytes fit in a long. */
    public long elements() {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    /** The size of a complete file: header and elements. */
    public long fileBytes() {
        return dataOffset + elements() * type.bytes();
    }

    /** The shape in NumPy's notation: {@code (3, 4)}, {@code (3,)}, {@code ()}. */
    public static String describe(long[] shape) {
        String inner = Arrays.stream(shape)
                .mapToObj(n -> n < 0 ? "*" : Long.toString(n))
                .collect(Collectors.joining(", "));
        return shape.length == 1 ? "(" + inner + ",)" : "(" + inner + ")";
    }

    /**
     * The total size of prefix and dictionary.
     *
     * @param prefix the first bytes of the file, {@link #MAX_PREFIX} of them if there are that many
     * @param file named in the message
     * @throws InputException if it is not a {@code .npy} file
     */
    public static int headerBytes(ByteBuffer prefix, String file) {
        ByteBuffer in = prefix.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        for (byte expected : MAGIC) {
            if (!in.hasRemaining() || in.get() != expected) {
                throw InputException.in(file, "not a .npy file (it does not begin with \\x93NUMPY)");
            }
        }
        if (in.remaining() < 4) {
            throw InputException.in(file, "truncated within the .npy header");
        }
        int major = in.get() & 0xff;
        int minor = in.get() & 0xff;
        if (major < 1 || major > 3) {
            throw InputException.in(file, ".npy format version " + major + "." + minor + "; expected 1, 2 or 3");
        }
        if (major > 1 && in.remaining() < 4) {
            throw InputException.in(file, "truncated within the .npy header");
        }
        long length = major == 1 ? in.getShort() & 0xffff : in.getInt() & 0xffff_ffffL;
        if (length > MAX_LENGTH) {
            throw InputException.in(file, "claims a header of " + length + " bytes; expected at most " + MAX_LENGTH);
        }
        return in.position() - prefix.position() + (int) length;
    }

    /**
     * Parses the prefix and dictionary of an array that is stored row by row and little-endian.
     *
     * @param header the first bytes of the file, {@link #headerBytes} of them
     * @param file named in the message
     * @throws InputException if the header is damaged or describes an unsupported array
     */
    public static NpyHeader parse(ByteBuffer header, String file) {
        NpyHeader parsed = parseAnyOrder(header, file);
        String other = parsed.otherOrder();
        if (other != null) throw InputException.in(file, other);
        return parsed;
    }

    /** What is to be said of an array that is not stored row by row and little-endian; null if it is. */
    @Nullable
    String otherOrder() {
        if (columnMajor) {
            return "is stored column by column (fortran_order); expected rows (in NumPy: np.ascontiguousarray(a))";
        }
        if (!bigEndian) return null;
        String wanted = type.plainDescriptor();
        return "is big-endian (dtype >" + type.code() + "); expected " + wanted + " (in NumPy: a.astype('" + wanted
                + "'))";
    }

    /** The header of the same array, if only its elements are stored: row by row and little-endian. */
    NpyHeader ofElements() {
        return new NpyHeader(type, shape, 0, false, false);
    }

    /** Reads the header of a file, whose array may be stored in any order. */
    static NpyHeader read(FileChannel channel, String file) throws IOException {
        int length = headerBytes(readFully(channel, MAX_PREFIX), file);
        ByteBuffer whole = readFully(channel, length);
        if (whole.remaining() < length) {
            throw InputException.in(file, "truncated within the .npy header");
        }
        return parseAnyOrder(whole, file);
    }

    private static ByteBuffer readFully(FileChannel channel, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining() && channel.read(buffer, buffer.position()) >= 0) {
            // until full, or the file ends
        }
        return buffer.flip();
    }

    /** Like {@link #parse}, for an array that is stored in any order. */
    private static NpyHeader parseAnyOrder(ByteBuffer header, String file) {
        int version = header.get(6);
        int dictionaryAt = version == 1 ? 10 : 12;
        byte[] raw = new byte[header.limit() - dictionaryAt];
        header.get(dictionaryAt, raw);
        for (byte b : raw) {
            if (b < 0 || (b < ' ' && b != '\n' && b != '\t')) {
                throw InputException.in(file, "the .npy header is damaged (it is not plain ASCII)");
            }
        }
        String text = new String(raw, StandardCharsets.US_ASCII).strip();
        NpyDictionary dictionary;
        try {
            dictionary = NpyDictionary.parse(text);
        } catch (ParseException e) {
            throw malformed(file, text);
        }
        NpyType type = dictionary.isStructured()
                ? NpyType.parseStructure(dictionary.descr(), file)
                : NpyType.parse(dictionary.descr(), file);
        long[] shape = shape(dictionary.shape(), file);
        checkBytes(shape, type, file);
        boolean columns = dictionary.columnMajor() && shape.length > 1;
        boolean swapped = !dictionary.isStructured() && type.bytes() > 1 && NpyType.isBigEndian(dictionary.descr());
        return new NpyHeader(type, shape, header.limit(), columns, swapped);
    }

    /** The bytes of a header, version 1, padded like NumPy's so that the elements begin at a multiple of 64. */
    public static byte[] format(NpyType type, long[] shape) {
        String dictionary =
                "{'descr': " + type.descriptor() + ", 'fortran_order': False, 'shape': " + describe(shape) + ", }";
        int unpadded = MAGIC.length + 4 + dictionary.length() + 1;
        int total = (unpadded + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        ByteBuffer out = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) (total - MAGIC.length - 4));
        out.put(dictionary.getBytes(StandardCharsets.US_ASCII));
        out.put(" ".repeat(total - unpadded).getBytes(StandardCharsets.US_ASCII))
                .put((byte) '\n');
        return out.array();
    }

    private static long[] shape(BigInteger[] numbers, String file) {
        if (numbers.length > MAX_AXES) {
            throw InputException.in(file, "has " + numbers.length + " axes; NumPy's arrays have at most " + MAX_AXES);
        }
        String shown = Arrays.toString(numbers).replace('[', '(').replace(']', ')');
        long[] shape = new long[numbers.length];
        for (int i = 0; i < shape.length; i++) {
            if (numbers[i].signum() < 0) {
                throw InputException.in(file, "has a negative length in its shape " + shown);
            }
            try {
                shape[i] = numbers[i].longValueExact();
            } catch (ArithmeticException e) {
                throw tooLarge(file, shown, e);
            }
        }
        return shape;
    }

    /** Rejects shapes whose number of bytes does not fit in a long. All axes are multiplied, even if one is 0. */
    private static void checkBytes(long[] shape, NpyType type, String file) {
        try {
            long bytes = type.bytes();
            for (long extent : shape) {
                bytes = Math.multiplyExact(bytes, Math.max(1, extent));
            }
            Math.addExact(bytes, (long) MAX_LENGTH + MAX_PREFIX);
        } catch (ArithmeticException e) {
            throw tooLarge(file, describe(shape), e);
        }
    }

    private static InputException tooLarge(String file, String shape, Exception cause) {
        return InputException.in(file, "claims the shape " + shape + ", more than any file can hold", cause);
    }

    private static InputException malformed(String file, String text) {
        String shown = text.length() > 120 ? text.substring(0, 120) + "…" : text;
        return InputException.in(
                file,
                "the .npy header is damaged: expected a dictionary with descr, fortran_order" + " and shape, found "
                        + shown);
    }
}
