package org.gradmimic.select.npy;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.gradmimic.select.InputException;

/** The element types that are read from {@code .npy} files, all little-endian. */
public enum NpyType {
    FLOAT16("f2", 2, Kind.FLOATING),
    FLOAT32("f4", 4, Kind.FLOATING),
    FLOAT64("f8", 8, Kind.FLOATING),
    INT8("i1", 1, Kind.INTEGER),
    INT16("i2", 2, Kind.INTEGER),
    INT32("i4", 4, Kind.INTEGER),
    INT64("i8", 8, Kind.INTEGER),
    UINT8("u1", 1, Kind.INTEGER),
    UINT16("u2", 2, Kind.INTEGER),
    UINT32("u4", 4, Kind.INTEGER),
    UINT64("u8", 8, Kind.INTEGER),
    BOOL("b1", 1, Kind.LOGICAL);

    enum Kind {
        FLOATING,
        INTEGER,
        LOGICAL
    }

    private final String code;
    private final int bytes;
    private final Kind kind;

    NpyType(String code, int bytes, Kind kind) {
        this.code = code;
        this.bytes = bytes;
        this.kind = kind;
    }

    /** Bytes per element. */
    public int bytes() {
        return bytes;
    }

    /** Whether this is a floating-point type. */
    public boolean isFloating() {
        return kind == Kind.FLOATING;
    }

    /** Whether this is an integer type, signed or not. */
    public boolean isInteger() {
        return kind == Kind.INTEGER;
    }

    /** NumPy's name of the type without the byte order, such as {@code f4}. */
    public String code() {
        return code;
    }

    /** The value of the header's {@code descr} for this type. */
    String descriptor() {
        return (bytes == 1 ? "|" : "<") + code;
    }

    /**
     * @param descriptor the header's {@code descr}, such as {@code <f4}
     * @param file named in the message
     * @throws InputException if the type is big-endian or none of these
     */
    static NpyType parse(String descriptor, String file) {
        String bare =
                descriptor.isEmpty() || Character.isLetter(descriptor.charAt(0)) ? descriptor : descriptor.substring(1);
        if (bare.startsWith("O")) {
            throw new InputException(file + ": holds Python objects (dtype " + descriptor
                    + "), which are not read; expected " + supported());
        }
        for (NpyType type : values()) {
            if (type.code.equals(bare)) {
                if (descriptor.startsWith(">") && type.bytes > 1) {
                    throw new InputException(file + ": is big-endian (dtype " + descriptor + "); expected "
                            + type.descriptor() + " (in NumPy: a.astype('" + type.descriptor() + "'))");
                }
                return type;
            }
        }
        throw new InputException(file + ": dtype '" + descriptor + "' is not read; expected " + supported());
    }

    private static String supported() {
        return Arrays.stream(values()).map(NpyType::code).collect(Collectors.joining(", ", "one of ", ""));
    }
}
