package org.gradmimic.model;

import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** Types of stored numbers, under the names that safetensors uses. */
enum ElementType {
    BOOL(1, ScalarType.Bool),
    U8(1, ScalarType.Byte),
    I8(1, ScalarType.Char),
    F8_E4M3(1, null),
    F8_E5M2(1, null),
    U16(2, null),
    I16(2, ScalarType.Short),
    F16(2, ScalarType.Half),
    BF16(2, ScalarType.BFloat16),
    U32(4, null),
    I32(4, ScalarType.Int),
    F32(4, ScalarType.Float),
    U64(8, null),
    I64(8, ScalarType.Long),
    F64(8, ScalarType.Double);

    private final int bytes;
    private final @Nullable ScalarType scalarType;

    ElementType(int bytes, @Nullable ScalarType scalarType) {
        this.bytes = bytes;
        this.scalarType = scalarType;
    }

    /** Bytes per element. */
    int bytes() {
        return bytes;
    }

    /** LibTorch's type; null for types that may occur in a file but cannot be read. */
    @Nullable
    ScalarType scalarType() {
        return scalarType;
    }

    /** The type of this name, or null. */
    static @Nullable ElementType named(String name) {
        for (ElementType type : values()) {
            if (type.name().equals(name)) return type;
        }
        return null;
    }

    /** The type for a tensor's numbers; null if a file cannot store them. */
    static @Nullable ElementType of(ScalarType scalarType) {
        for (ElementType type : values()) {
            if (type.scalarType == scalarType) return type;
        }
        return null;
    }
}
