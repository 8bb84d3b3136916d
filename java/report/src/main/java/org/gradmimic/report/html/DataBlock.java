package org.gradmimic.report.html;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.gradmimic.io.Json;

/**
 * The data of a page: a header in JSON and arrays that it refers to. In the page they are base64 of gzip, so no text of
 * a data set can be taken for HTML.
 */
final class DataBlock {
    private static final int ALIGNMENT = 8;

    /** Writes one array, little-endian. */
    private interface Part {
        void writeTo(OutputStream out) throws IOException;
    }

    private final List<Part> parts = new ArrayList<>();
    private final List<Long> lengths = new ArrayList<>();
    private long end;

    /** Adds an array. The result stands for it in the header. */
    Object floats(float[] values) {
        return add("f32", values.length, Float.BYTES, (buffer, i) -> buffer.putFloat(values[i]));
    }

    /** Adds an array. The result stands for it in the header. */
    Object ints(int[] values) {
        return add("i32", values.length, Integer.BYTES, (buffer, i) -> buffer.putInt(values[i]));
    }

    /** Adds an array of 0 and 1. The result stands for it in the header. */
    Object flags(boolean[] values) {
        return add("u8", values.length, 1, (buffer, i) -> buffer.put((byte) (values[i] ? 1 : 0)));
    }

    private interface Element {
        void put(ByteBuffer buffer, int i);
    }

    private Object add(String type, int length, int size, Element element) {
        long at = end;
        parts.add(out -> {
            int most = 1 << 13;
            ByteBuffer buffer = ByteBuffer.allocate(most * size).order(ByteOrder.LITTLE_ENDIAN);
            for (int from = 0; from < length; from += most) {
                buffer.clear();
                for (int i = from; i < Math.min(length, from + most); i++) element.put(buffer, i);
                out.write(buffer.array(), 0, buffer.position());
            }
        });
        lengths.add((long) length * size);
        end = aligned(at + (long) length * size);
        return Map.of("$array", type, "at", at, "length", length);
    }

    private static long aligned(long position) {
        return (position + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Writes the block as text. The arrays must not have changed since they were added. */
    void writeTo(OutputStream text, Object header) throws IOException {
        byte[] json = Json.compact(header).getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(json, (int) aligned(Integer.BYTES + json.length) - Integer.BYTES);
        Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        try (OutputStream out = new GZIPOutputStream(Base64.getEncoder().wrap(unclosed(text)), 1 << 16)) {
            out.write(ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(padded.length)
                    .array());
            out.write(padded);
            for (int i = 0; i < parts.size(); i++) {
                parts.get(i).writeTo(out);
                out.write(new byte[(int) (aligned(lengths.get(i)) - lengths.get(i))]);
            }
        }
    }

    private static OutputStream unclosed(OutputStream out) {
        return new FilterOutputStream(out) {
            @Override
            public void write(byte[] bytes, int from, int count) throws IOException {
                out.write(bytes, from, count);
            }

            @Override
            public void close() throws IOException {
                flush();
            }
        };
    }
}
