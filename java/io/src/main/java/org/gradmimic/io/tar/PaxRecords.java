package org.gradmimic.io.tar;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/** The records of a pax header, {@code LENGTH KEY=VALUE\n} each, for data that do not fit in a tar header. */
final class PaxRecords {
    static final String PATH = "path";
    static final String SIZE = "size";
    static final String SPARSE = "GNU.sparse.";
    static final String SPARSE_NAME = SPARSE + "name";

    /** The largest number of digits in a length, far more than the records of a header need. */
    private static final int LENGTH_DIGITS = 9;

    private final Map<String, byte[]> records = new LinkedHashMap<>();

    /** @throws InvalidArgumentException if the records are damaged */
    PaxRecords(byte[] content) {
        int at = 0;
        // Some programs fill the rest with zeros.
        while (at < content.length && content[at] != 0) {
            int length = 0;
            int digit = at;
            while (digit < content.length && content[digit] >= '0' && content[digit] <= '9') {
                if (digit - at == LENGTH_DIGITS) throw damaged(at);
                length = 10 * length + content[digit++] - '0';
            }
            int end = at + length;
            boolean whole = digit > at
                    && digit < content.length
                    && content[digit] == ' '
                    && end > digit + 1
                    && end <= content.length
                    && content[end - 1] == '\n';
            if (!whole) throw damaged(at);
            int equals = digit + 1;
            while (equals < end && content[equals] != '=') equals++;
            if (equals == end || equals == digit + 1) throw damaged(at);
            String key = new String(content, digit + 1, equals - digit - 1, StandardCharsets.UTF_8);
            records.remove(key); // the last record of a key counts, and sparse maps of format 0.0 repeat theirs
            records.put(key, Arrays.copyOfRange(content, equals + 1, end - 1));
            at = end;
        }
    }

    private static InvalidArgumentException damaged(int at) {
        return new InvalidArgumentException("the pax header is damaged at byte " + at);
    }

    byte @Nullable [] get(String key) {
        return records.get(key);
    }

    Iterable<String> keys() {
        return records.keySet();
    }

    boolean isSparse() {
        return records.keySet().stream().anyMatch(key -> key.startsWith(SPARSE));
    }

    /**
     * The content of a pax header without the name of its member, and with another name in the record of the sparse
     * format. It works on bytes, because sparse maps repeat records.
     */
    static byte[] renamed(byte[] content, byte[] name) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int at = 0;
        while (at < content.length && content[at] != 0) {
            int space = at;
            while (content[space] != ' ') space++;
            int end = at + Integer.parseInt(new String(content, at, space - at, StandardCharsets.US_ASCII));
            int equals = space + 1;
            while (content[equals] != '=') equals++;
            String key = new String(content, space + 1, equals - space - 1, StandardCharsets.UTF_8);
            if (key.equals(SPARSE_NAME)) {
                out.writeBytes(record(key, name));
            } else if (!key.equals(PATH)) {
                out.write(content, at, end - at);
            }
            at = end;
        }
        return out.toByteArray();
    }

    private static byte[] record(String key, byte[] value) {
        int rest = key.getBytes(StandardCharsets.UTF_8).length + value.length + 3;
        int length = rest + 1;
        while (length != rest + Integer.toString(length).length()) {
            length = rest + Integer.toString(length).length();
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes((length + " " + key + "=").getBytes(StandardCharsets.UTF_8));
        out.writeBytes(value);
        out.write('\n');
        return out.toByteArray();
    }
}
