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
 * Reads the pickle inside a torch file to the extent that a state dict needs: dictionaries, lists, tuples, numbers,
 * texts and tensors. A pickle is a program that may call any function it names. This reader knows only the few names in
 * {@link #CALLABLE} and {@link #STORAGES}, and performs their effect itself. It never calls anything else: the result of
 * such a call is an {@link Opaque}, which keeps only the name.
 *
 * <p>Values are {@link Map} (keys are texts or whole numbers), {@link List}, {@link Tuple}, {@link String}, {@link
 * Long}, {@link Double}, {@link Boolean}, {@link #NONE}, {@link StoredTensor}, {@link Module}, {@link Opaque}. They may contain
 * themselves: access only the expected members, and never traverse, compare or print whole values.
 */
final class PickleReader {
    static final Object NONE = new Object();

    /** Where TorchScript keeps the types of an archive. */
    private static final String TORCH_SCRIPT = "__torch__";

    private static final String ORDERED_DICT = "collections.OrderedDict";
    private static final String TENSOR = "torch._utils._rebuild_tensor_v2";
    private static final String PARAMETER = "torch._utils._rebuild_parameter";
    private static final String PARAMETER_WITH_STATE = "torch._utils._rebuild_parameter_with_state";
    private static final Set<String> CALLABLE = Set.of(ORDERED_DICT, TENSOR, PARAMETER, PARAMETER_WITH_STATE);

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

    /** The largest number of dimensions that LibTorch's tensors have. */
    private static final int MAX_RANK = 64;

    /** The number of characters of a name that an error shows. */
    private static final int NAME = 100;

    /**
     * A state dict of a hundred thousand tensors has about five million operations. An operation is one byte and may
     * create an object of 56 bytes, so a large file of operations would fill the memory.
     */
    private static final int MAX_OPERATIONS = 1 << 23;

    /** Finds the place of a storage in the file; the pickle needs nothing else from the file. */
    @FunctionalInterface
    interface Storages {
        /**
         * The position of the first byte of a storage in the file.
         *
         * @param bytes the size that the storage must have
         * @throws InvalidArgumentException if there is no such storage, or it has another size
         */
        long position(String key, long bytes);
    }

    /** A tuple. */
    record Tuple(List<Object> values) {}

    /**
     * A value that no state dict needs: the result of code that is not run, bytes, a set, or a number beyond 64 bits.
     *
     * @param name of its type, such as "argparse.Namespace"
     */
    record Opaque(String name) {}

    /**
     * A module of a TorchScript archive.
     *
     * @param state its parameters, buffers, other attributes and the modules in it, by name
     */
    record Module(Map<Object, Object> state) {}

    /** The type of such a module: a program in the archive, which is not run. */
    private record ModuleType() {}

    /** A member of a Python module that a pickle may name. */
    private record Global(String name) {}

    /** A storage: numbers in the file that tensors share. */
    private record Storage(ElementType type, long elements, long position) {}

    private final ByteBuffer code;
    private final Storages storages;
    private final List<Object> stack = new ArrayList<>();
    /** Sizes of the stack at the marks. */
    private final List<Integer> marks = new ArrayList<>();

    private final Map<Long, Object> memo = new HashMap<>();

    /** By key. As in torch, the first reference to a storage gives its type and size to all others. */
    private final Map<String, Storage> known = new HashMap<>();

    private PickleReader(ByteBuffer code, Storages storages) {
        this.code = code.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        this.storages = storages;
    }

    /**
     * The value that a pickle describes.
     *
     * @throws InvalidArgumentException if the pickle is damaged, or needs more than tensors; the caller adds the name
     *     of the file to the message
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
                                + " does not find the values that it needs",
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
            case 0x8b -> push(wholeNumber(code.getInt())); // LONG4
            case 'C' -> push(bytes(code.get() & 0xff));
            case 'B' -> push(bytes(code.getInt() & 0xffffffffL));
            case 0x8e, 0x96 -> push(bytes(code.getLong())); // BINBYTES8, BYTEARRAY8
            case 0x8f -> push(new Opaque("set")); // EMPTY_SET
            case 0x90 -> append(popMark()); // ADDITEMS
            case 0x91 -> { // FROZENSET
                popMark();
                push(new Opaque("frozenset"));
            }
            case '2' -> push(top());
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
            case 'c' -> push(named(line(), line()));
            case 0x93 -> { // STACK_GLOBAL
                String member = (String) pop();
                push(named((String) pop(), member));
            }
            case 'Q' -> push(storage((Tuple) pop()));
            case 'R' -> {
                Tuple arguments = (Tuple) pop();
                push(called(pop(), arguments.values()));
            }
            case 0x81 -> { // NEWOBJ
                Tuple arguments = (Tuple) pop();
                push(called(pop(), arguments.values()));
            }
            case 0x92 -> { // NEWOBJ_EX
                pop();
                Tuple arguments = (Tuple) pop();
                push(called(pop(), arguments.values()));
            }
            case 'b' -> {
                // torch stores versions of modules with an OrderedDict; a dictionary of tensors does not need them.
                Object state = pop();
                if (top() instanceof Module module && state instanceof Map<?, ?> attributes) {
                    module.state().putAll(attributes);
                } else if (!(top() instanceof Map || top() instanceof Opaque))
                    throw new InvalidArgumentException("its pickle sets an object's state");
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

    /** Values below the last mark belong to an outer object and cannot be taken. */
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
        if (!(top() instanceof Opaque)) ((List<Object>) top()).addAll(values);
    }

    @SuppressWarnings("unchecked")
    private void setItems(List<Object> items) {
        if (top() instanceof Opaque) return;
        Map<Object, Object> target = (Map<Object, Object>) top();
        for (int i = 0; i < items.size(); i += 2) {
            Object key = items.get(i);
            // Names of tensors are texts. Hashing a tuple or a dictionary might never end.
            if (key instanceof String || key instanceof Long) target.put(key, items.get(i + 1));
        }
    }

    private Object remembered(long index) {
        Object value = memo.get(index);
        if (value == null)
            throw new InvalidArgumentException("its pickle refers to memo entry " + index + ", which does not exist");
        return value;
    }

    // --- literals

    private String text(long length) {
        if (length < 0 || length > code.remaining()) throw new BufferUnderflowException();
        byte[] bytes = new byte[(int) length];
        code.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private Opaque bytes(long length) {
        if (length < 0 || length > code.remaining()) throw new BufferUnderflowException();
        code.position(code.position() + (int) length);
        return new Opaque("bytes");
    }

    private Object wholeNumber(int length) {
        if (length < 0 || length > Long.BYTES) {
            bytes(length);
            return new Opaque("int");
        }
        long value = 0;
        for (int i = 0; i < length; i++) value |= (code.get() & 0xffL) << 8 * i;
        int unused = Long.SIZE - 8 * length;
        return length == 0 ? 0 : value << unused >> unused;
    }

    private String line() {
        int from = code.position();
        while (code.get() != '\n') {
            // Up to the end of the line.
        }
        byte[] bytes = new byte[code.position() - 1 - from];
        code.get(from, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    // --- names and calls

    private static Object named(String module, String member) {
        String name = module + "." + member;
        if (module.equals(TORCH_SCRIPT) || module.startsWith(TORCH_SCRIPT + ".")) return new ModuleType();
        return CALLABLE.contains(name) || STORAGES.containsKey(name)
                ? new Global(name)
                : new Opaque(Weights.shortened(name, NAME));
    }

    private static Object called(Object function, List<Object> arguments) {
        if (function instanceof ModuleType) return new Module(new LinkedHashMap<>());
        return function instanceof Opaque ? function : call((Global) function, arguments);
    }

    private static Object call(Global function, List<Object> arguments) {
        return switch (function.name()) {
            case ORDERED_DICT -> {
                if (!arguments.isEmpty())
                    throw new InvalidArgumentException("its pickle fills an OrderedDict in an unknown way");
                yield new LinkedHashMap<>();
            }
            case TENSOR -> tensor(arguments);
            case PARAMETER, PARAMETER_WITH_STATE -> {
                if (arguments.get(0) instanceof StoredTensor tensor) yield tensor;
                yield (Opaque) arguments.get(0);
            }
            default -> throw new InvalidArgumentException("its pickle calls " + function.name());
        };
    }

    /** A persistent id: ('storage', type, key, original device, elements). */
    private Object storage(Tuple id) {
        List<Object> parts = id.values();
        if (!"storage".equals(parts.get(0))) {
            throw new InvalidArgumentException("its pickle refers to an object other than a storage");
        }
        if (parts.get(1) instanceof Opaque type) return type;
        ElementType type = STORAGES.get(((Global) parts.get(1)).name());
        if (type == null) throw new ClassCastException();
        String key = (String) parts.get(2);
        Storage before = known.get(key);
        if (before != null) return before;
        long elements = (Long) parts.get(4);
        if (elements < 0 || elements > Long.MAX_VALUE / type.bytes()) {
            throw new InvalidArgumentException(
                    "its storage '" + Weights.shortened(key, NAME) + "' has " + elements + " elements");
        }
        Storage storage = new Storage(type, elements, storages.position(key, elements * type.bytes()));
        known.put(key, storage);
        return storage;
    }

    /**
     * The arguments: the storage, the index of the tensor's first element in it, shape, strides, and autograd's
     * settings.
     */
    private static Object tensor(List<Object> arguments) {
        if (arguments.get(0) instanceof Opaque type) return type;
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
            // Beyond any storage.
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
