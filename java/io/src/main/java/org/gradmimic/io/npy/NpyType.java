package org.gradmimic.io.npy;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.gradmimic.base.InputException;

/** The element types that are read from and written to {@code .npy} files. */
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
    BOOL("b1", 1, Kind.LOGICAL),
    /** A structure of two UINT64, f0 and f1: NumPy's {@code np.dtype("u8,u8")}. */
    UINT64_PAIR("u8,u8", 16, Kind.PAIR);

    enum Kind {
        FLOATING,
        INTEGER,
        LOGICAL,
        PAIR
    }

    private static final String PAIR_DESCRIPTOR = "[('f0', '<u8'), ('f1', '<u8')]";

    private final String code;
    private final int bytes;
    private final Kind kind;

    NpyType(String code, int bytes, Kind kind) {
        this.code = code;
        this.bytes = bytes;
        this.kind = kind;
    }

    /** The number of bytes per element. */
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

    /** NumPy's name of the type without the byte order, for example {@code f4}. */
    public String code() {
        return code;
    }

    /** The value of the header's {@code descr} for this type, in Python syntax. */
    String descriptor() {
        return kind == Kind.PAIR ? PAIR_DESCRIPTOR : "'" + plainDescriptor() + "'";
    }

    /** Whether a descriptor says that the bytes of an element are stored from the highest to the lowest. */
    static boolean isBigEndian(String descriptor) {
        return descriptor.startsWith(">");
    }

    /** NumPy's name of the type with the byte order in which it is read, for example {@code <f4}. */
    String plainDescriptor() {
        return (bytes == 1 ? "|" : "<") + code;
    }

    /**
     * @param descriptor the header's {@code descr}, for example {@code <f4}
     * @param file named in the message
     * @throws InputException if the type is not one of these
     */
    static NpyType parse(String descriptor, String file) {
        boolean ordered = !descriptor.isEmpty() && "<>=|".indexOf(descriptor.charAt(0)) >= 0;
        String bare = ordered ? descriptor.substring(1) : descriptor;
        if (bare.startsWith("O")) {
            throw InputException.in(
                    file,
                    "holds Python objects (dtype " + descriptor + "), which are not read; expected " + supported());
        }
        for (NpyType type : values()) {
            if (type.code.equals(bare)) return type;
        }
        if (bare.startsWith("U") || bare.startsWith("S")) {
            throw InputException.in(
                    file,
                    "holds text (dtype " + descriptor + "), which is not read; expected numbers (in NumPy:"
                            + " names, numbers = np.unique(a, return_inverse=True))");
        }
        throw InputException.in(file, "dtype '" + descriptor + "' is not read; expected " + supported());
    }

    /**
     * @param fields the header's {@code descr} of a structured type: a list of fields
     * @param file named in the message
     * @throws InputException if it is not the structure of {@link #UINT64_PAIR}
     */
    static NpyType parseStructure(String fields, String file) {
        if (!fields.replace('"', '\'').replaceAll("\\s", "").equals(PAIR_DESCRIPTOR.replace(" ", ""))) {
            throw InputException.in(
                    file,
                    "has the structured dtype " + fields + ", which is not read; expected " + PAIR_DESCRIPTOR
                            + ", or save one field");
        }
        return UINT64_PAIR;
    }

    private static String supported() {
        return Arrays.stream(values()).map(NpyType::code).collect(Collectors.joining(", ", "one of ", ""));
    }
}
