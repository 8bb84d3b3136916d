package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** torch's files: those torch wrote (make_weights.py), and those an enemy might write. */
class TorchFileTest {
    @TempDir
    private Path folder;

    private static Path stored(String name) {
        try {
            return Path.of(TorchFileTest.class.getResource("/weights/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static float[] counted(int from, int count, int step) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = from + i * step;
        return values;
    }

    @ParameterizedTest
    @ValueSource(strings = {"types.pt", "protocol4.pt"})
    void everyTypeAndLayoutIsRead(String name) {
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(stored(name))) {
            for (String type : new String[] {"F32", "F16", "BF16", "F64", "I64", "I32", "I16", "I8", "U8"}) {
                String tensor = type.toLowerCase(java.util.Locale.ROOT);
                assertThat(weights.type(tensor)).isEqualTo(type);
                assertThat(weights.shape(tensor)).containsExactly(4, 6);
                assertThat(floats(weights.tensor(tensor))).as(type).isEqualTo(counted(0, 24, 1));
            }
            assertThat(weights.type("bool")).isEqualTo("BOOL");
            assertThat(weights.tensor("bool").sum().item_long()).isEqualTo(12);
            assertThat(weights.shape("scalar")).isEmpty();
            assertThat(floats(weights.tensor("scalar"))).containsExactly(2.5f);
            assertThat(weights.tensor("empty").numel()).isZero();
            assertThat(weights.shape("empty")).containsExactly(0, 3);
            // One storage, seen three ways.
            assertThat(weights.shape("transposed")).containsExactly(6, 4);
            assertThat(floats(weights.tensor("transposed").t())).isEqualTo(counted(0, 24, 1));
            assertThat(floats(weights.tensor("rows"))).isEqualTo(counted(6, 12, 1));
            assertThat(floats(weights.tensor("column"))).isEqualTo(counted(2, 4, 6));
            assertThat(floats(weights.tensor("parameter"))).containsExactly(1, 1);
        }
    }

    private static float[] floats(Tensor tensor) {
        return Tensors.floats(tensor.to(ScalarType.Float));
    }

    @Test
    void aCheckpointIsUnwrapped() {
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(stored("wrapped.pt"))) {
            assertThat(weights.names()).containsExactly("weight", "bias");
            assertThat(weights.notes())
                    .containsExactly("read its entry state_dict", "removed the prefix module. from every name");
            assertThat(weights.shape("weight")).containsExactly(2, 3);
        }
    }

    @Test
    void entriesThatAreNotTensorsAreSkippedAndNamed() {
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(stored("mixed.pt"))) {
            assertThat(weights.names()).containsExactly("weight");
            assertThat(weights.notes()).containsExactly("skipped 1 entry that is not a tensor: steps");
        }
    }

    @Test
    void writesToATensorDoNotReachTheFile() throws IOException {
        Path copy = Files.copy(stored("types.pt"), folder.resolve("copy.pt"));
        try (PointerScope scope = new PointerScope()) {
            Tensor kept;
            try (Weights weights = Weights.open(copy)) {
                kept = weights.tensor("f32");
            }
            kept.zero_();
            assertThat(kept.sum().item_float()).isZero();
        }
        assertThat(copy).hasSameBinaryContentAs(stored("types.pt"));
    }

    /** If the file were mapped, the system would end the JVM. */
    @Test
    void aFileThatIsTruncatedMeanwhileIsAnError() throws IOException {
        Path copy = Files.copy(stored("types.pt"), folder.resolve("copy.pt"));
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(copy)) {
            Tensor before = weights.tensor("f32");
            float sum = before.sum().item_float();
            Files.write(copy, new byte[0]);
            assertThat(before.sum().item_float()).isEqualTo(sum);
            assertThatThrownBy(() -> weights.tensor("f32"))
                    .isInstanceOf(InputException.class)
                    .hasMessage(copy + ": was truncated while it was read");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "legacy.pt | bare pickle, the format of torch before 1.6",
                "module.pt | holds an object of 'torch.nn.modules.linear.Linear', which would run code, not a state dict",
                "list.pt   | holds a list, not a state dict"
            })
    void filesWithoutAStateDictAreRefused(String name, String message) {
        assertRefused(stored(name), message);
    }

    @Test
    void tensorsOfTorchScriptAreRead() {
        Path script = folder.resolve("script.pt");
        TinyScript.save(script, TinyScript.MEANS);
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(script)) {
            assertThat(weights.names()).containsExactly("w");
            assertThat(weights.shape("w")).containsExactly(2, 3);
            assertThat(floats(weights.tensor("w"))).containsExactly(TinyScript.WEIGHT);
        }
    }

    /** A module without tensors, one that contains itself, and many that are each in the next one twice. */
    @Test
    void hostileTorchScriptIsRefused() throws IOException {
        byte[] empty =
                module(new Pickle()).op('}').text("training").op(0x88, 's', 'b').end();
        assertRefused(archive(empty, ZipEntry.STORED), "is a TorchScript archive without any tensor");
        byte[] itself = module(new Pickle())
                .op('q', 1, '}')
                .text("again")
                .op('h', 1, 's', 'b')
                .end();
        assertRefused(archive(itself, ZipEntry.STORED), "its TorchScript modules contain each other");
        Pickle twice = module(new Pickle()).op('q', 0);
        for (int i = 1; i <= 60; i++) {
            module(twice).op('q', i, '}');
            twice.text("a").op('h', i - 1, 's').text("b").op('h', i - 1, 's', 'b');
        }
        assertRefused(archive(twice.end(), ZipEntry.STORED), "its TorchScript modules contain each other");
    }

    private static Pickle module(Pickle pickle) {
        return pickle.global("__torch__", "Tiny").op(')', 0x81);
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> Weights.open(file).close())
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message)
                .hasMessageMatching("[^\\n]*");
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(stored("wrapped.pt"));
        for (int length = 0; length < whole.length; length += 7) {
            Path cut = Files.write(folder.resolve("cut.pt"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Weights.open(cut).close())
                    .as("cut to %d bytes", length)
                    .isInstanceOf(InputException.class);
        }
    }

    /** Wrong bytes anywhere: refused, or tensors that lie in the file, but nothing else. */
    @Test
    void damageNeverDoesHarm() throws IOException {
        byte[] whole = Files.readAllBytes(stored("types.pt"));
        Random random = new Random(5);
        int read = 0;
        for (int i = 0; i < 1500; i++) {
            byte[] damaged = whole.clone();
            for (int j = random.nextInt(3); j >= 0; j--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            Path file = Files.write(folder.resolve("damaged.pt"), damaged);
            try (PointerScope scope = new PointerScope();
                    Weights weights = Weights.open(file)) {
                for (String name : weights.names()) {
                    Tensor tensor = weights.tensor(name);
                    // A damaged stride of 0 makes a tensor larger than its storage.
                    if (tensor.numel() < 1000) tensor.to(ScalarType.Float).sum().item_float();
                }
                read++;
            } catch (InputException e) {
                assertThat(e).hasMessageStartingWith(file + ": ");
            }
        }
        assertThat(read).as("some damage is within the numbers").isPositive();
    }

    // --- files written by hand

    /** Writes pickles, operation by operation. */
    private static final class Pickle {
        private final ByteArrayOutputStream code = new ByteArrayOutputStream();

        Pickle() {
            op(0x80).op(2);
        }

        Pickle op(int... bytes) {
            for (int b : bytes) code.write(b);
            return this;
        }

        Pickle global(String module, String member) {
            code.writeBytes(("c" + module + "\n" + member + "\n").getBytes(StandardCharsets.UTF_8));
            return this;
        }

        Pickle text(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            code.write('X');
            code.writeBytes(little(Integer.BYTES, bytes.length));
            code.writeBytes(bytes);
            return this;
        }

        Pickle number(long value) {
            op(0x8a, Long.BYTES);
            code.writeBytes(little(Long.BYTES, value));
            return this;
        }

        private static byte[] little(int bytes, long value) {
            return Arrays.copyOf(
                    ByteBuffer.allocate(Long.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(value)
                            .array(),
                    bytes);
        }

        Pickle tuple(long... values) {
            op('(');
            for (long value : values) number(value);
            return op('t');
        }

        Pickle storage(String type, String key, long elements) {
            return op('(').text("storage")
                    .global("torch", type)
                    .text(key)
                    .text("cpu")
                    .number(elements)
                    .op('t', 'Q');
        }

        /** A tensor as torch describes it. */
        Pickle tensor(String type, String key, long elements, long offset, long[] shape, long... strides) {
            return global("torch._utils", "_rebuild_tensor_v2")
                    .op('(')
                    .storage(type, key, elements)
                    .number(offset)
                    .tuple(shape)
                    .tuple(strides)
                    .op(0x89)
                    .global("collections", "OrderedDict")
                    .op(')', 'R', 't', 'R');
        }

        byte[] end() {
            return op('.').code.toByteArray();
        }
    }

    /** {"a": the tensor} */
    private static byte[] dictionary(
            String type, String key, long elements, long offset, long[] shape, long... strides) {
        return new Pickle()
                .op('}')
                .text("a")
                .tensor(type, key, elements, offset, shape, strides)
                .op('s')
                .end();
    }

    private static long[] of(long... values) {
        return values;
    }

    static Stream<Arguments> hostilePickles() {
        long huge = 1L << 62;
        return Stream.of(
                Arguments.of(dictionary("FloatStorage", "0", 4, 0, of(5), 1), "beyond its storage of 4 elements"),
                Arguments.of(dictionary("FloatStorage", "0", 4, 1, of(2, 2), 2, 1), "beyond its storage"),
                Arguments.of(dictionary("FloatStorage", "0", 4, 5, of(0), 1), "beyond its storage"),
                Arguments.of(dictionary("FloatStorage", "0", 4, huge, of(2), 1), "beyond its storage"),
                Arguments.of(dictionary("FloatStorage", "0", 4, 0, of(huge, 5), huge, 1), "beyond its storage"),
                Arguments.of(dictionary("FloatStorage", "0", 4, 0, of(-1), 1), "shape [-1]"),
                Arguments.of(dictionary("FloatStorage", "0", 4, 0, of(2), -1), "strides [-1]"),
                Arguments.of(dictionary("FloatStorage", "0", 4, -1, of(2), 1), "offset -1"),
                Arguments.of(dictionary("FloatStorage", "0", 4, 0, of(2, 2), 1), "strides [1]"),
                Arguments.of(dictionary("FloatStorage", "0", 4, 0, new long[65], new long[65]), "of 65 extents"),
                Arguments.of(dictionary("FloatStorage", "0", 8, 0, of(2), 1), "has 16 bytes, expected 32"),
                Arguments.of(dictionary("DoubleStorage", "0", 4, 0, of(2), 1), "has 16 bytes, expected 32"),
                Arguments.of(dictionary("FloatStorage", "0", -4, 0, of(2), 1), "has -4 elements"),
                Arguments.of(dictionary("FloatStorage", "0", huge, 0, of(2), 1), "elements"),
                Arguments.of(dictionary("FloatStorage", "../0", 4, 0, of(2), 1), "lacks its storage '../0'"),
                Arguments.of(dictionary("FloatStorage", "a\u001b\n", 4, 0, of(2), 1), "lacks its storage 'a??'"),
                Arguments.of(new Pickle().op('}').text("a\nb").op('}', 's').end(), "'a?b' is a dictionary"),
                Arguments.of(
                        dictionary("UntypedStorage", "0", 4, 0, of(2), 1),
                        "'a' is an object of 'torch.UntypedStorage', which would run code"),
                Arguments.of(
                        new Pickle()
                                .global("os", "system")
                                .text("true")
                                .op(0x85, 'R')
                                .end(),
                        "holds an object of 'os.system', which would run code"),
                Arguments.of(new Pickle().text("builtins").text("eval").op(0x93).end(), "an object of 'builtins.eval'"),
                Arguments.of(new Pickle().global("os\r", "system").end(), "an object of 'os?.system'"),
                Arguments.of(
                        new Pickle()
                                .global("torch", "FloatStorage")
                                .op(')', 'R')
                                .end(),
                        "calls torch.FloatStorage"),
                Arguments.of(new Pickle().op('(').text("x").op('i').end(), "operation 0x69"),
                Arguments.of(new Pickle().op(')', 0x81).end(), "operation 0x81"),
                Arguments.of(new Pickle().text("x").op('}', 'b').end(), "sets an object's state"),
                Arguments.of(new Pickle().op('}', ')').number(1).op('s').end(), "has no state dict: it is empty"),
                Arguments.of(new Pickle().op('R').end(), "0x52 at byte 2 does not find"),
                Arguments.of(new Pickle().op('}', '(').text("a").op('u').end(), "0x75"),
                Arguments.of(new Pickle().op('u').end(), "0x75"),
                Arguments.of(new Pickle().op(')', '(', '0').end(), "0x30"),
                Arguments.of(new Pickle().op('h', 9).end(), "refers to memo entry 9"),
                Arguments.of(
                        new Pickle().op(0x8a, 9).op(new int[9]).end(), "holds an object of 'int', not a state dict"),
                Arguments.of(new Pickle().op('X', 255, 255, 255, 127).end(), "cut short"),
                Arguments.of(new Pickle().op('X', 255, 255, 255, 255).end(), "cut short"),
                Arguments.of(new Pickle().op('c', 'o', 's').end(), "cut short"),
                Arguments.of(new Pickle().op('.').end(), "damaged"),
                Arguments.of(new byte[0], "cut short"),
                Arguments.of(new Pickle().op('}').text("a").op('}', 's').end(), "'a' is a dictionary"),
                Arguments.of(new Pickle().op('}').number(1).op('}', 's').end(), "'1' is a dictionary"));
    }

    @ParameterizedTest
    @MethodSource("hostilePickles")
    void hostilePicklesAreRefused(byte[] pickle, String message) throws IOException {
        assertRefused(archive(pickle, ZipEntry.STORED), message);
    }

    /** A tuple of two of a tuple of two, forty deep: nobody may walk it. */
    @Test
    void nestingCostsNothing() throws IOException {
        Pickle pickle = new Pickle().op('}').text("a").text("x");
        for (int i = 0; i < 100_000; i++) pickle.op('q', 1, 'h', 1, 0x86);
        assertRefused(archive(pickle.op('s').end(), ZipEntry.STORED), "'a' is a list");
    }

    /** A byte makes a dictionary: 30 MB of them would take two gigabytes. */
    @Test
    void moreObjectsThanAStateDictHasAreRefused() throws IOException {
        byte[] pickle = new byte[30_000_000];
        Arrays.fill(pickle, (byte) '}');
        assertRefused(archive(pickle, ZipEntry.STORED), "more than 8388608 operations");
    }

    @Test
    void theHandWrittenFileIsReadWhereItIsSound() throws IOException {
        byte[] pickle = dictionary("FloatStorage", "0", 4, 1, of(3), 1);
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(archive(pickle, ZipEntry.STORED))) {
            assertThat(floats(weights.tensor("a"))).containsExactly(2, 3, 4);
        }
    }

    /** As in torch: of two types of one storage, the first counts. */
    @Test
    void aStorageHasOneType() throws IOException {
        byte[] pickle = new Pickle()
                .op('}', '(')
                .text("a")
                .tensor("FloatStorage", "0", 4, 0, of(4), 1)
                .text("b")
                .tensor("IntStorage", "0", 4, 0, of(4), 1)
                .op('u')
                .end();
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(archive(pickle, ZipEntry.STORED))) {
            assertThat(weights.type("b")).isEqualTo("F32");
            assertThat(floats(weights.tensor("b"))).containsExactly(1, 2, 3, 4);
        }
    }

    @Test
    void compressedArchivesAreRefused() throws IOException {
        byte[] bomb = new byte[50_000_000];
        assertRefused(archive(bomb, ZipEntry.DEFLATED), "compressed");
    }

    @Test
    void bigEndianNumbersAreRefused() throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("t/byteorder", "big".getBytes(StandardCharsets.US_ASCII));
        entries.put("t/data.pkl", new Pickle().op('}').end());
        assertRefused(archive(entries, ZipEntry.STORED), "big-endian");
    }

    @Test
    void archivesOfOthersAreRefused() throws IOException {
        assertRefused(archive(Map.of("notes.txt", new byte[3]), ZipEntry.STORED), "not a torch file");
        Path start = Files.write(folder.resolve("start.zip"), new byte[] {'P', 'K', 3, 4, 0, 0});
        assertRefused(start, "damaged or truncated");
        assertRefused(folder, "is a folder");
        assertRefused(Path.of("/dev/zero"), "expected a regular file");
        assertRefused(folder.resolve("absent.pt"), "no such file");
    }

    /** Two entries over the same bytes, and one that reaches beyond the file: the central directory says where they are. */
    @Test
    void entriesThatOverlapOrReachBeyondAreRefused() throws IOException {
        byte[] pickle = dictionary("FloatStorage", "0", 4, 0, of(4), 1);
        byte[] whole = Files.readAllBytes(archive(pickle, ZipEntry.STORED));
        ByteBuffer bytes = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
        int directory = bytes.getInt(whole.length - 22 + 16);
        byte[] beyond = whole.clone();
        // Sizes in the directory's first entry, packed and unpacked.
        ByteBuffer.wrap(beyond)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(directory + 20, 1 << 30)
                .putInt(directory + 24, 1 << 30);
        assertRefused(Files.write(folder.resolve("beyond.pt"), beyond), "overlaps with central directory");
        byte[] overlapping = whole.clone();
        ByteBuffer.wrap(overlapping)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(directory + 20, pickle.length + 45)
                .putInt(directory + 24, pickle.length + 45);
        assertRefused(Files.write(folder.resolve("overlapping.pt"), overlapping), "overlaps");
    }

    private Path archive(byte[] pickle, int method) throws IOException {
        ByteBuffer numbers = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 1; i <= 4; i++) numbers.putFloat(i);
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("t/data.pkl", pickle);
        entries.put("t/data/0", numbers.array());
        return archive(entries, method);
    }

    private Path archive(Map<String, byte[]> entries, int method) throws IOException {
        Path file = folder.resolve("hand.pt");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, byte[]> content : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(content.getKey());
                entry.setMethod(method);
                if (method == ZipEntry.STORED) {
                    CRC32 crc = new CRC32();
                    crc.update(content.getValue());
                    entry.setCrc(crc.getValue());
                    entry.setSize(content.getValue().length);
                }
                zip.putNextEntry(entry);
                zip.write(content.getValue());
                zip.closeEntry();
            }
        }
        return file;
    }
}
