package org.gradmimic.model;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.Json;
import org.jspecify.annotations.Nullable;

/**
 * The header of a safetensors file. As the format requires, the bytes of the tensors must follow one another without
 * gaps or overlaps and end with the file, and every name must be unique.
 *
 * @param metadata the texts under {@code __metadata__}
 * @param entries the tensors by name
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, Entry> entries) {
    /** The limit of the format. */
    static final int MAX_BYTES = 100_000_000;

    private static final String METADATA = "__metadata__";
    private static final int ALIGNMENT = 8;

    /** A tensor: its type, its shape, and the range of its bytes after the header, from begin to end (exclusive). */
    record Entry(ElementType type, long[] shape, long begin, long end) {}

    /**
     * @param text the header
     * @param dataBytes the number of bytes after the header
     * @throws InvalidArgumentException if the header is not valid; the caller adds the name of the file to the message
     */
    static SafetensorsHeader parse(String text, long dataBytes) {
        if (!text.startsWith("{") || !(Json.value(text) instanceof Map<?, ?> members)) {
            throw new InvalidArgumentException("its header is not a JSON object");
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, Entry> entries = new LinkedHashMap<>();
        members.forEach((key, value) -> {
            String name = (String) key;
            if (!(value instanceof Map<?, ?> fields))
                throw new InvalidArgumentException("the header's '" + name + "' is not an object");
            if (name.equals(METADATA)) {
                fields.forEach((word, meaning) -> metadata.put((String) word, text(meaning)));
            } else {
                entries.put(name, entry(name, fields));
            }
        });
        requireContiguous(entries, dataBytes);
        return new SafetensorsHeader(metadata, entries);
    }

    private static String text(Object value) {
        if (value instanceof String text) return text;
        throw new InvalidArgumentException("the header's metadata contains values that are not texts");
    }

    private static Entry entry(String name, Map<?, ?> fields) {
        if (!fields.keySet().equals(Set.of("dtype", "shape", "data_offsets"))) {
            throw new InvalidArgumentException("tensor '" + name + "' has the fields "
                    + fields.keySet().stream().map(Objects::toString).sorted().collect(Collectors.joining(", "))
                    + "; expected data_offsets, dtype, shape");
        }
        String dtype = Objects.toString(fields.get("dtype"));
        ElementType type = ElementType.named(dtype);
        if (type == null) throw new InvalidArgumentException("tensor '" + name + "' has the unknown dtype " + dtype);
        long[] shape = numbers(name, "shape", fields.get("shape"));
        long[] offsets = numbers(name, "data_offsets", fields.get("data_offsets"));
        if (offsets.length != 2 || offsets[0] > offsets[1]) {
            throw new InvalidArgumentException("tensor '" + name + "' has the data_offsets " + Arrays.toString(offsets)
                    + "; expected begin and end");
        }
        try {
            long bytes = type.bytes();
            // An extent of 0 must not hide other extents that no tensor can have.
            for (long extent : shape) bytes = Math.multiplyExact(bytes, Math.max(1, extent));
            if (Arrays.stream(shape).anyMatch(extent -> extent == 0)) bytes = 0;
            if (bytes != offsets[1] - offsets[0]) {
                throw new InvalidArgumentException("tensor '" + name + "', " + dtype + " " + Arrays.toString(shape)
                        + ", takes " + bytes + " bytes, but its data_offsets " + Arrays.toString(offsets) + " hold "
                        + (offsets[1] - offsets[0]));
            }
        } catch (ArithmeticException e) {
            throw new InvalidArgumentException(
                    "tensor '" + name + "' has the impossible shape " + Arrays.toString(shape), e);
        }
        return new Entry(type, shape, offsets[0], offsets[1]);
    }

    private static long[] numbers(String name, String field, @Nullable Object value) {
        if (value instanceof List<?> list && list.stream().allMatch(SafetensorsHeader::isCount)) {
            return list.stream()
                    .mapToLong(number -> ((Number) number).longValue())
                    .toArray();
        }
        throw new InvalidArgumentException(
                "tensor '" + name + "' does not have a list of whole numbers from 0 to 2^63 - 1 as " + field);
    }

    private static boolean isCount(Object value) {
        return (value instanceof Integer || value instanceof Long) && ((Number) value).longValue() >= 0;
    }

    private static void requireContiguous(Map<String, Entry> entries, long dataBytes) {
        List<Map.Entry<String, Entry>> ordered = entries.entrySet().stream()
                .sorted(Comparator.<Map.Entry<String, Entry>>comparingLong(
                                e -> e.getValue().begin())
                        .thenComparingLong(e -> e.getValue().end()))
                .toList();
        long at = 0;
        for (Map.Entry<String, Entry> named : ordered) {
            if (named.getValue().begin() != at) {
                throw new InvalidArgumentException("tensor '" + named.getKey() + "' begins at byte "
                        + named.getValue().begin() + " of the data, expected " + at);
            }
            at = named.getValue().end();
        }
        if (at != dataBytes) {
            throw new InvalidArgumentException("its header describes " + at + " bytes of data, but the file has "
                    + dataBytes + (dataBytes < at ? "; it is truncated" : ""));
        }
    }

    /** The text of the header, padded with spaces so that the data begins at a multiple of eight. */
    String format() {
        Map<String, Object> members = new LinkedHashMap<>();
        if (!metadata.isEmpty()) members.put(METADATA, new TreeMap<>(metadata));
        entries.forEach((name, entry) -> {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("dtype", entry.type.name());
            fields.put("shape", entry.shape);
            fields.put("data_offsets", new long[] {entry.begin, entry.end});
            members.put(name, fields);
        });
        String text = Json.compact(members);
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        return text + " ".repeat(Math.floorMod(-bytes, ALIGNMENT));
    }
}
