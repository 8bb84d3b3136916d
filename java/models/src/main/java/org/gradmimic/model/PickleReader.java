package org.gradmimic.model;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradmimic.base.InvalidArgumentException;

/**
 * Reads the pickle inside a torch file, as far as a state dict needs it: dictionaries, lists, tuples, numbers, texts and
 * tensors. A pickle is a program that may call whatever it names; this machine knows the few names in {@link #CALLABLE} and
 * {@link #STORAGES} and does by itself what they would do. Whatever else is asked for is refused by name.
 *
 * <p>Values are {@link Map} (keys are texts or whole numbers), {@link List}, {@link Tuple}, {@link String}, {@link Long},
 * {@link Double}, {@link Boolean}, {@link #NONE}, {@link StoredTensor}. They may contain themselves: look at what is
 * expected, never walk them whole, compare, or print them.
 */
final class PickleReader {
    static final Object NONE = new Object();

    private static final String ORDERED_DICT = "collections.OrderedDict";
    private static final String TENSOR = "torch._utils._rebuild_tensor_v2";
    private static final String PARAMETER = "torch._utils._rebuild_parameter";
    private static final Set<String> CALLABLE = Set.of(ORDERED_DICT, TENSOR, PARAMETER);

    private static final Map<String, ElementType> STORAGES = Map.of(
            "torch.FloatStorage", ElementType.F32,
            "torch.DoubleStorage", ElementType.F64,
            "torch.HalfStorage", ElementType.F16,
            "torch.BFloat16Storage", ElementType.BF16,
            "torch.LongStorage", ElementType.I64,
            "torch.IntStorage", ElementType.I32,
            "torch.ShortStorage", ElementType.I16,
            "torch.CharStorage", ElementType.I8,
            "torch.ByteStorage", ElementType.U8,
            "torch.BoolStorage", ElementType.BOOL);

    /** Dimensions LibTorch's tensors have at most. */
    private static final int MAX_RANK = 64;

    /** Characters of a name that an error repeats. */
    private static final int NAME = 100;

    /**
     * A state dict of a hundred thousand tensors has some five million. An operation is a byte and may make an object of 56, so
     * a large file of them would fill the memory.
     */
    private static final int MAX_OPERATIONS = 1 << 23;

    /** What the pickle may know of a file: where its storages lie. */
    @FunctionalInterface
    interface Storages {
        /**
         * The first byte of a storage in the file.
         *
         * @param bytes how many it must have
         * @throws InvalidArgumentException if there is no such storage, or of another size
         */
        long position(String key, long bytes);
    }

    /** A tuple. */
    record Tuple(List<Object> values) {}

    /** A module's member that may be named. */
    private record Global(String name) {}

    /** A storage: numbers in the file, which tensors share. */
    private record Storage(ElementType type, long elements, long position) {}

    private final ByteBuffer code;
    private final Storages storages;
    private final List<Object> stack = new ArrayList<>();
    /** Sizes of the stack at the marks. */
    private final List<Integer> marks = new ArrayList<>();

    private final Map<Long, Object> memo = new HashMap<>();

    private PickleReader(ByteBuffer code, Storages storages) {
        this.code = code.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        this.storages = storages;
    }

    /**
     * The value a pickle describes.
     *
     * @throws InvalidArgumentException if it is damaged, or asks for more than tensors; the message lacks the file's name
     */
    static Object read(ByteBuffer code, Storages storages) {
        PickleReader reader = new PickleReader(code, storages);
        try {
            return reader.run();
        } catch (BufferUnderflowException e) {
            throw new InvalidArgumentException("its pickle is cut short", e);
        }
    }

    private Object run() {
        for (int operations = 0; operations < MAX_OPERATIONS; operations++) {
            int at = code.position();
            int opcode = code.get() & 0xff;
            try {
                if (opcode == '.') return pop();
                step(opcode);
            } catch (ClassCastException | IndexOutOfBoundsException e) {
                throw new InvalidArgumentException(
                        "its pickle is damaged: operation " + name(opcode) + " at byte " + at
                                + " finds other values than it needs",
                        e);
            }
        }
        throw new InvalidArgumentException(
                "its pickle has more than " + MAX_OPERATIONS + " operations, which no state dict needs");
    }

    private void step(int opcode) {
        switch (opcode) {
            case 0x80 -> code.get(); // PROTO
            case 0x95 -> code.getLong(); // FRAME
            case '(' -> marks.add(stack.size());
            case '0' -> pop();
            case '1' -> popMark();
            case 'N' -> push(NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) code.getInt());
            case 'K' -> push((long) (code.get() & 0xff));
            case 'M' -> push((long) (code.getShort() & 0xffff));
            case 0x8a -> push(wholeNumber(code.get() & 0xff)); // LONG1
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(code.getLong())));
            case 'X', 'T' -> push(text(code.getInt()));
            case 0x8c, 'U' -> push(text(code.get() & 0xff));
            case 0x8d -> push(text(code.getLong())); // BINUNICODE8
            case ')' -> push(new Tuple(List.of()));
            case 0x85 -> push(tuple(1));
            case 0x86 -> push(tuple(2));
            case 0x87 -> push(tuple(3));
            case 't' -> push(new Tuple(popMark()));
            case ']' -> push(new ArrayList<>());
            case 'l' -> push(popMark());
            case 'a' -> append(List.of(pop()));
            case 'e' -> append(popMark());
            case '}' -> push(new LinkedHashMap<>());
            case 'd' -> {
                List<Object> items = popMark();
                push(new LinkedHashMap<>());
                setItems(items);
            }
            case 's' -> setItems(popAll(2));
            case 'u' -> setItems(popMark());
            case 'q' -> memo.put((long) (code.get() & 0xff), top());
            case 'r' -> memo.put(code.getInt() & 0xffffffffL, top());
            case 0x94 -> memo.put((long) memo.size(), top()); // MEMOIZE
            case 'h' -> push(remembered(code.get() & 0xff));
            case 'j' -> push(remembered(code.getInt() & 0xffffffffL));
            case 'c' -> push(global(line(), line()));
            case 0x93 -> { // STACK_GLOBAL
                String member = (String) pop();
                push(global((String) pop(), member));
            }
            case 'Q' -> push(storage((Tuple) pop()));
            case 'R' -> {
                Tuple arguments = (Tuple) pop();
                push(call((Global) pop(), arguments.values()));
            }
            case 'b' -> {
                // What module versions torch keeps beside an OrderedDict; nothing that a dictionary needs.
                pop();
                if (!(top() instanceof Map)) throw new InvalidArgumentException("its pickle sets an object's state");
            }
            default ->
                throw new InvalidArgumentException("its pickle has the operation " + name(opcode) + " at byte "
                        + (code.position() - 1) + ", which no state dict needs");
        }
    }

    private static String name(int opcode) {
        return String.format("0x%02x", opcode);
    }

    // --- the stack

    private void push(Object value) {
        stack.add(value);
    }

    private Object top() {
        return stack.get(stack.size() - 1);
    }

    private Object pop() {
        return popAll(1).get(0);
    }

    /** Nothing below the last mark is taken: it belongs to what began before. */
    private List<Object> popAll(int count) {
        int bottom = marks.isEmpty() ? 0 : marks.get(marks.size() - 1);
        if (stack.size() - count < bottom) throw new IndexOutOfBoundsException();
        List<Object> part = stack.subList(stack.size() - count, stack.size());
        List<Object> values = new ArrayList<>(part);
        part.clear();
        return values;
    }

    private List<Object> popMark() {
        return popAll(stack.size() - marks.remove(marks.size() - 1));
    }

    private Tuple tuple(int count) {
        return new Tuple(popAll(count));
    }

    @SuppressWarnings("unchecked")
    private void append(List<Object> values) {
        ((List<Object>) top()).addAll(values);
    }

    @SuppressWarnings("unchecked")
    private void setItems(List<Object> items) {
        Map<Object, Object> target = (Map<Object, Object>) top();
        for (int i = 0; i < items.size(); i += 2) {
            Object key = items.get(i);
            // Hashing a tuple or a dictionary could take for ever.
            if (!(key instanceof String || key instanceof Long)) {
                throw new InvalidArgumentException("its pickle has a dictionary key that is no text or whole number");
            }
            target.put(key, items.get(i + 1));
        }
    }

    private Object remembered(long index) {
        Object value = memo.get(index);
        if (value == null)
            throw new InvalidArgumentException("its pickle recalls value " + index + ", which it never kept");
        return value;
    }

    // --- literals

    private String text(long length) {
        if (length < 0 || length > code.remaining()) throw new BufferUnderflowException();
        byte[] bytes = new byte[(int) length];
        code.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private long wholeNumber(int length) {
        if (length > Long.BYTES) throw new InvalidArgumentException("its pickle has a number beyond 64 bits");
        long value = 0;
        for (int i = 0; i < length; i++) value |= (code.get() & 0xffL) << 8 * i;
        int unused = Long.SIZE - 8 * length;
        return length == 0 ? 0 : value << unused >> unused;
    }

    private String line() {
        int from = code.position();
        while (code.get() != '\n') {
            // up to the line's end
        }
        byte[] bytes = new byte[code.position() - 1 - from];
        code.get(from, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    // --- what may be named and called

    private static Global global(String module, String member) {
        String name = module + "." + member;
        if (!CALLABLE.contains(name) && !STORAGES.containsKey(name)) {
            throw new InvalidArgumentException("its pickle asks for '" + Weights.shortened(name, NAME)
                    + "', which would run code; only tensors are read."
                    + " Save them alone: torch.save(model.state_dict(), FILE)");
        }
        return new Global(name);
    }

    private static Object call(Global function, List<Object> arguments) {
        return switch (function.name()) {
            case ORDERED_DICT -> {
                if (!arguments.isEmpty()) throw new InvalidArgumentException("its pickle fills an OrderedDict oddly");
                yield new LinkedHashMap<>();
            }
            case TENSOR -> tensor(arguments);
            case PARAMETER -> {
                if (!(arguments.get(0) instanceof StoredTensor tensor)) throw new ClassCastException();
                yield tensor;
            }
            default -> throw new InvalidArgumentException("its pickle calls " + function.name());
        };
    }

    /** A persistent id: ('storage', type, key, where it was, elements). */
    private Storage storage(Tuple id) {
        List<Object> parts = id.values();
        if (!"storage".equals(parts.get(0))) {
            throw new InvalidArgumentException("its pickle refers to something else than a storage");
        }
        ElementType type = STORAGES.get(((Global) parts.get(1)).name());
        if (type == null) throw new ClassCastException();
        String key = (String) parts.get(2);
        long elements = (Long) parts.get(4);
        if (elements < 0 || elements > Long.MAX_VALUE / type.bytes()) {
            throw new InvalidArgumentException(
                    "its storage '" + Weights.shortened(key, NAME) + "' has " + elements + " elements");
        }
        return new Storage(type, elements, storages.position(key, elements * type.bytes()));
    }

    /** The arguments: storage, its element the tensor begins with, shape, strides, and what autograd wants. */
    private static StoredTensor tensor(List<Object> arguments) {
        Storage storage = (Storage) arguments.get(0);
        long offset = (Long) arguments.get(1);
        long[] shape = numbers((Tuple) arguments.get(2));
        long[] strides = numbers((Tuple) arguments.get(3));
        if (shape.length > MAX_RANK || shape.length != strides.length || offset < 0) throw odd(shape, strides, offset);
        for (int d = 0; d < shape.length; d++) {
            if (shape[d] < 0 || strides[d] < 0) throw odd(shape, strides, offset);
        }
        try {
            long first = Math.addExact(
                    storage.position(),
                    Math.multiplyExact(offset, storage.type().bytes()));
            StoredTensor tensor = new StoredTensor(storage.type(), shape, strides, first);
            if (Math.addExact(offset, tensor.span()) <= storage.elements()) return tensor;
        } catch (ArithmeticException e) {
            // beyond any storage
        }
        throw new InvalidArgumentException(odd(shape, strides, offset).getMessage() + ", beyond its storage of "
                + storage.elements() + " elements");
    }

    private static InvalidArgumentException odd(long[] shape, long[] strides, long offset) {
        return new InvalidArgumentException("its pickle has a tensor of the shape " + text(shape) + ", strides "
                + text(strides) + ", offset " + offset);
    }

    private static String text(long[] numbers) {
        return numbers.length > MAX_RANK ? "of " + numbers.length + " extents" : Arrays.toString(numbers);
    }

    private static long[] numbers(Tuple tuple) {
        return tuple.values().stream().mapToLong(value -> (Long) value).toArray();
    }
}
