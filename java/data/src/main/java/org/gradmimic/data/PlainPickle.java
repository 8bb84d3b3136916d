package org.gradmimic.data;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InvalidArgumentException;

/**
 * Reads a Python pickle of dictionaries, lists, texts, whole numbers and NumPy arrays of bytes, as the CIFAR distribution for
 * Python has them. A pickle is a program that may call any function it names. Nothing is called here: an array becomes the
 * place of its bytes in the file, and any other object is a placeholder.
 *
 * <p>Values are {@link Map}, {@link List} (lists and tuples), {@link String}, {@link Long}, {@link Boolean} and {@link Bytes}.
 */
final class PlainPickle {
    /** Text that is longer is not kept. It could only be the pixels of an array. */
    private static final long LONGEST_TEXT = 1 << 10;

    /** Two for each of a hundred thousand labels and file names, and room. */
    private static final int MAX_OPERATIONS = 1 << 22;

    private static final Object OTHER = new Object();

    private final InputStream in;
    private long position;
    private final List<Object> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();

    /** Bytes that are in the file as they are. */
    record Bytes(long position, long length) {}

    /** An array, whose state comes after it. */
    private static final class Array {
        private Object content = OTHER;
    }

    /** A function that would make an array. */
    private static final Object MAKE_ARRAY = new Object();

    private PlainPickle(InputStream in) {
        this.in = in;
    }

    /**
     * Reads a value.
     *
     * @throws EOFException if the pickle is truncated
     * @throws InvalidArgumentException if it is damaged, or not one that is read here; the caller names the file
     */
    static Object read(InputStream in) throws IOException {
        PlainPickle pickle = new PlainPickle(in);
        try {
            return plain(pickle.run());
        } catch (ClassCastException | IndexOutOfBoundsException e) {
            throw new InvalidArgumentException(
                    "an operation near byte " + pickle.position + " does not find the values that it needs", e);
        }
    }

    /** Arrays in a dictionary become their bytes. */
    private static Object plain(Object value) {
        if (!(value instanceof Map<?, ?> map)) return value;
        Map<Object, Object> all = new HashMap<>();
        map.forEach((key, element) -> all.put(key, element instanceof Array array ? array.content : element));
        return all;
    }

    private Object run() throws IOException {
        for (int i = 0; i < MAX_OPERATIONS; i++) {
            int operation = next();
            if (operation == '.') return pop();
            step(operation);
        }
        throw new InvalidArgumentException("it has more than " + MAX_OPERATIONS + " operations");
    }

    private void step(int operation) throws IOException {
        switch (operation) {
            case 0x80 -> next(); // PROTO
            case 0x95 -> number(8); // FRAME
            case '(' -> marks.add(stack.size());
            case 'N' -> stack.add(OTHER);
            case 0x88 -> stack.add(true);
            case 0x89 -> stack.add(false);
            case 'K' -> stack.add(number(1));
            case 'M' -> stack.add(number(2));
            case 'J' -> stack.add((long) (int) number(4));
            case 0x8a -> stack.add(signed(next())); // LONG1
            case 'U', 'C', 0x8c -> stack.add(text(number(1)));
            case 'T', 'X', 'B' -> stack.add(text(number(4)));
            case 0x8d, 0x8e -> stack.add(text(number(8)));
            case ')' -> stack.add(new ArrayList<>());
            case 0x85 -> stack.add(popAll(1));
            case 0x86 -> stack.add(popAll(2));
            case 0x87 -> stack.add(popAll(3));
            case 't', 'l' -> stack.add(popMark());
            case ']' -> stack.add(new ArrayList<>());
            case 'a' -> add(popAll(1));
            case 'e' -> add(popMark());
            case '}' -> stack.add(new HashMap<>());
            case 's' -> put(popAll(2));
            case 'u' -> put(popMark());
            case 'q' -> memo.put(number(1), top());
            case 'r' -> memo.put(number(4), top());
            case 0x94 -> memo.put((long) memo.size(), top()); // MEMOIZE
            case 'h' -> stack.add(remembered(number(1)));
            case 'j' -> stack.add(remembered(number(4)));
            case 'c' -> stack.add(named(line() + "." + line()));
            case 0x93 -> { // STACK_GLOBAL
                List<Object> names = popAll(2);
                stack.add(named(names.get(0) + "." + names.get(1)));
            }
            case 'R', 0x81 -> { // REDUCE, NEWOBJ
                Object function = popAll(2).get(0);
                stack.add(function == MAKE_ARRAY ? new Array() : OTHER);
            }
            case 'b' -> { // BUILD; the last part of an array's state is its content
                Object state = pop();
                if (top() instanceof Array array && state instanceof List<?> parts) {
                    array.content = parts.get(parts.size() - 1);
                }
            }
            default ->
                throw new InvalidArgumentException(
                        String.format("operation 0x%02x at byte %d is not expected in it", operation, position - 1));
        }
    }

    private static Object named(String name) {
        return name.endsWith("multiarray._reconstruct") ? MAKE_ARRAY : OTHER;
    }

    private Object top() {
        return stack.get(stack.size() - 1);
    }

    private Object pop() {
        return popAll(1).get(0);
    }

    private List<Object> popAll(int count) {
        int bottom = marks.isEmpty() ? 0 : marks.get(marks.size() - 1);
        if (stack.size() - count < bottom) {
            throw new InvalidArgumentException("an operation near byte " + position + " lacks its values");
        }
        List<Object> part = stack.subList(stack.size() - count, stack.size());
        List<Object> values = new ArrayList<>(part);
        part.clear();
        return values;
    }

    private List<Object> popMark() {
        return popAll(stack.size() - marks.remove(marks.size() - 1));
    }

    @SuppressWarnings("unchecked")
    private void add(List<Object> values) {
        ((List<Object>) top()).addAll(values);
    }

    /** Keys are texts; to hash a list that contains itself would never end. */
    @SuppressWarnings("unchecked")
    private void put(List<Object> items) {
        Map<Object, Object> target = (Map<Object, Object>) top();
        for (int i = 0; i < items.size(); i += 2) {
            if (items.get(i) instanceof String key) target.put(key, items.get(i + 1));
        }
    }

    private Object remembered(long index) {
        Object value = memo.get(index);
        if (value == null) throw new InvalidArgumentException("memo entry " + index + " does not exist");
        return value;
    }

    private int next() throws IOException {
        int value = in.read();
        if (value < 0) throw new EOFException();
        position++;
        return value;
    }

    private long number(int bytes) throws IOException {
        long value = 0;
        for (int i = 0; i < bytes; i++) value |= (long) next() << 8 * i;
        return value;
    }

    private Object signed(int bytes) throws IOException {
        if (bytes > Long.BYTES) {
            skip(bytes);
            return OTHER;
        }
        long value = number(bytes);
        int unused = Long.SIZE - 8 * bytes;
        return bytes == 0 ? 0L : value << unused >> unused;
    }

    private Object text(long length) throws IOException {
        if (length < 0 || length > LONGEST_TEXT) {
            Bytes bytes = new Bytes(position, length);
            skip(length);
            return bytes;
        }
        byte[] bytes = in.readNBytes((int) length);
        if (bytes.length < length) throw new EOFException();
        position += length;
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private void skip(long bytes) throws IOException {
        if (bytes < 0) throw new InvalidArgumentException("a length is negative at byte " + position);
        in.skipNBytes(bytes);
        position += bytes;
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = next(); c != '\n'; c = next()) line.write(c);
        return line.toString(StandardCharsets.UTF_8);
    }
}
