package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
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
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsTest {
    private static final String PAIR = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

    @TempDir
    private Path folder;

    @RepeatedTest(20)
    void writtenTensorsAreReadBack(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        Path file = folder.resolve("t.safetensors");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        try (PointerScope scope = new PointerScope()) {
            for (int t = random.nextInt(5); t > 0; t--) {
                long[] shape = random.longs(random.nextInt(4), 0, 6).toArray();
                float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
                for (int i = 0; i < values.length; i++) values[i] = random.nextFloat();
                Tensor tensor = Tensors.of(values, shape);
                // Every other one lies in another order than row by row.
                tensors.put(
                        "tensor \"" + t + "\"\\\n\u00e4",
                        shape.length == 2 && random.nextBoolean() ? tensor.t() : tensor);
                metadata.put("key " + t, "value\t" + t);
            }
            Safetensors.write(file, metadata, tensors);
            try (Weights read = Weights.open(file)) {
                assertThat(read.names()).containsExactlyElementsOf(tensors.keySet());
                assertThat(read.metadata()).isEqualTo(metadata);
                tensors.forEach((name, tensor) -> assertThat(Tensors.floats(read.tensor(name)))
                        .as("tensor %s, seed %d", name, repetition.getCurrentRepetition())
                        .isEqualTo(Tensors.floats(tensor)));
            }
        }
    }

    @Test
    void readsAFileOfAnotherWriter() throws IOException {
        // Offsets in another order than names, spaces, escapes, a metadata entry and padding.
        Path file = file(
                "{ \"__metadata__\" : {\"format\":\"pt\"},\n\"b\\u0031\":{\"shape\":[],\"dtype\":\"F32\",\"data_offsets\":[8,12]},"
                        + "\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8],\"shape\":[1,2]}}   ",
                1,
                2,
                3);
        try (PointerScope scope = new PointerScope();
                Weights read = Weights.open(file)) {
            assertThat(read.names()).containsExactly("b1", "a");
            assertThat(Tensors.floats(read.copy("a", 1, 2))).containsExactly(1, 2);
            assertThat(Tensors.floats(read.copy("b1"))).containsExactly(3);
        }
    }

    @Test
    void theWrittenHeaderIsAligned() throws IOException {
        Path file = folder.resolve("t.safetensors");
        try (PointerScope scope = new PointerScope()) {
            Safetensors.write(file, Map.of(), Map.of("abc", Tensors.of(new float[] {1}, 1)));
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        long header = bytes.getLong();
        assertThat(header % 8).isZero();
        assertThat(bytes.getFloat((int) (8 + header))).isEqualTo(1);
        assertThat(bytes.limit()).isEqualTo((int) (8 + header + 4));
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(file(PAIR, 1, 2));
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Weights.open(cut).close())
                    .as("cut to %d bytes", length)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("cut.safetensors");
        }
    }

    static Stream<Arguments> hostileHeaders() {
        String tensor = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
        return Stream.of(
                Arguments.of("", "a header of 0 bytes"),
                Arguments.of("[]", "not a JSON object"),
                Arguments.of("   {}", "not a JSON object"),
                Arguments.of("{\"a\":" + tensor + "} x", "is not valid JSON"),
                Arguments.of("{\"a\":" + tensor + ",\"a\":" + tensor + "}", "Duplicate Object property \"a\""),
                Arguments.of("{\"a\":" + tensor + ",\"b\":" + tensor + "}", "begins at byte 0"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "begins at byte 4"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "the file has 8"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", "takes 12 bytes"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", "truncated"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", "data_offsets"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "whole numbers"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", "whole numbers"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[02],\"data_offsets\":[0,8]}}", "is not valid JSON"),
                Arguments.of(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}",
                        "list of whole numbers"),
                Arguments.of(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}",
                        "impossible shape"),
                Arguments.of(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,4611686018427387904,4],\"data_offsets\":[0,0]}}",
                        "impossible shape"),
                Arguments.of(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}",
                        "whole numbers from 0 to 2^63 - 1"),
                Arguments.of("{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}", "unknown dtype F33"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", "has the fields dtype, shape"),
                Arguments.of("{\"a\":7}", "'a' is not an object"),
                Arguments.of("{\"__metadata__\":{\"a\":1}}", "metadata"),
                Arguments.of("{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}", "has the fields b"),
                Arguments.of("[".repeat(100_000), "not a JSON object"),
                Arguments.of("{\"a\":" + "[".repeat(100_000), "nesting depth"),
                Arguments.of("{\"a", "end-of-input"),
                Arguments.of("{\"\\x\":" + tensor + "}", "escape"),
                Arguments.of("{\"\\u00g0\":" + tensor + "}", "hex-digit"),
                Arguments.of("{\"a\nb\":" + tensor + "}", "Illegal unquoted character"),
                Arguments.of("{\"a\":" + tensor + ",}", "double-quote"));
    }

    @ParameterizedTest
    @MethodSource("hostileHeaders")
    void hostileHeadersAreRefused(String header, String message) throws IOException {
        Path file = file(header, 1, 2);
        assertThatThrownBy(() -> Weights.open(file).close())
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }

    /** Wrong, lost and repeated bytes in the header: refused, or tensors that lie in the file, but nothing else. */
    @Test
    void damageNeverDoesHarm() throws IOException {
        byte[] whole = Files.readAllBytes(file(
                "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
                        + "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,0,3],\"data_offsets\":[8,8]},"
                        + "\"c\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[8,16]}}",
                1,
                2,
                3,
                4));
        Random random = new Random(7);
        int header = whole.length - 16;
        int read = 0;
        for (int i = 0; i < 3000; i++) {
            byte[] damaged = whole.clone();
            for (int j = random.nextInt(3); j >= 0; j--) {
                int at = random.nextInt(header);
                if (random.nextBoolean()) damaged[at] = (byte) random.nextInt(128);
                else
                    System.arraycopy(
                            whole, random.nextInt(header - 20), damaged, Math.min(at, header - 20), 1 + i % 20);
            }
            Path file = Files.write(folder.resolve("damaged"), damaged);
            try (PointerScope scope = new PointerScope();
                    Weights weights = Weights.open(file)) {
                for (String name : weights.names()) {
                    if (ElementType.named(weights.type(name)).scalarType() == null) continue;
                    weights.tensor(name).to(ScalarType.Float).sum().item_float();
                }
                read++;
            } catch (InputException e) {
                assertThat(e).hasMessageStartingWith(file + ": ").hasMessageMatching("[^\\n]*");
            }
        }
        assertThat(read).as("some damage is within names and spaces").isPositive();
    }

    /** What a file calls its tensors does not reach a terminal as it is. */
    @Test
    void errorsAreLines() throws IOException {
        String name = "a\\n\\u001b[31m\\u0085\\u2028b";
        Path file = file(
                "{\"" + name + "\":{\"dtype\":\"" + "F".repeat(100_000) + "\",\"shape\":[],\"data_offsets\":[0,0]}}");
        assertThatThrownBy(() -> Weights.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file + ": tensor 'a??[31m??b' has the unknown dtype FFF")
                .hasMessageMatching("[^\\p{Cc}\\u2028]{400,900}");
    }

    @Test
    void foreignFilesAreRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.txt"), "These are no tensors, but a text.");
        assertThatThrownBy(() -> Weights.open(text)).hasMessageContaining("not a safetensors file");
        ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(4).put(new byte[] {'{', (byte) 0xff, (byte) 0xfe, '}'});
        Path latin = Files.write(folder.resolve("latin"), bytes.array());
        assertThatThrownBy(() -> Weights.open(latin)).hasMessageContaining("UTF-8");
        assertThatThrownBy(() -> Weights.open(folder.resolve("absent")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no such file");
    }

    @Test
    void wrongExpectationsAreNamed() throws IOException {
        Path file = file(
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                        + "\"i\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[8,12]}}",
                1,
                2,
                3);
        try (Weights read = Weights.open(file)) {
            assertThatThrownBy(() -> read.copy("a", 1, 2))
                    .hasMessageContaining("'a' has the shape [2], expected [1, 2]");
            assertThatThrownBy(() -> read.copy("i", 1)).hasMessageContaining("'i' is I32, expected F32");
            assertThatThrownBy(() -> read.copy("b", 1)).hasMessageContaining("no tensor 'b'");
        }
    }

    @Test
    void everyTypeSurvives() {
        Path file = folder.resolve("types.safetensors");
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = everyType();
            Safetensors.write(file, Map.of(), tensors);
            try (Weights read = Weights.open(file)) {
                tensors.forEach((name, tensor) -> {
                    Tensor back = read.tensor(name);
                    assertThat(back.scalar_type().intern())
                            .as(name)
                            .isEqualTo(tensor.scalar_type().intern());
                    assertThat(back.equal(tensor)).as(name).isTrue();
                });
            }
        }
    }

    @Test
    void torchReadsWhatIsWritten() throws IOException {
        assumeTrue(Python.has("torch", "safetensors"), "no python3 with torch and safetensors (see GRADMIMIC_PYTHON)");
        Path file = folder.resolve("types.safetensors");
        try (PointerScope scope = new PointerScope()) {
            Safetensors.write(file, Map.of("by", "gradmimic"), everyType());
        }
        String read = Python.run(
                "import sys; from safetensors.torch import load_file\n"
                        + "for name, t in sorted(load_file(sys.argv[1]).items()):\n"
                        + "    print(name, t.dtype, list(t.shape), t.double().sum().item())",
                file);
        assertThat(read.lines())
                .containsExactly(
                        "BFloat16 torch.bfloat16 [2, 3] 9.0",
                        "Bool torch.bool [2, 3] 5.0",
                        "Byte torch.uint8 [2, 3] 15.0",
                        "Char torch.int8 [2, 3] 9.0",
                        "Double torch.float64 [2, 3] 9.0",
                        "Float torch.float32 [2, 3] 9.0",
                        "Half torch.float16 [2, 3] 9.0",
                        "Int torch.int32 [2, 3] 9.0",
                        "Long torch.int64 [2, 3] 9.0",
                        "Short torch.int16 [2, 3] 9.0",
                        "scalar torch.float32 [] 7.0");
    }

    private static Map<String, Tensor> everyType() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (ElementType type : ElementType.values()) {
            ScalarType scalar = type.scalarType();
            if (scalar == null) continue;
            float first = scalar == ScalarType.Byte ? 0 : -1;
            Tensor values =
                    Tensors.of(new float[] {first, first + 1, first + 2, first + 3, first + 4, first + 5}, 2, 3);
            tensors.put(scalar.name(), values.to(scalar));
        }
        tensors.put("scalar", Tensors.of(new float[] {7}));
        return tensors;
    }

    @Test
    void aTypeThatIsNotReadIsNamed() throws IOException {
        Path file = file("{\"a\":{\"dtype\":\"U32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 1);
        try (Weights read = Weights.open(file)) {
            assertThatThrownBy(() -> read.tensor("a")).hasMessageContaining("tensor 'a' is U32, which cannot be read");
        }
    }

    /** An odd header length, or an odd number of bytes before a tensor. */
    @Test
    void tensorsNeedNotBeAligned() throws IOException {
        String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
        for (int spaces = 0; spaces < 4; spaces++) {
            Path file = file(header + " ".repeat(spaces), 1, 2);
            try (PointerScope scope = new PointerScope();
                    Weights read = Weights.open(file)) {
                assertThat(Tensors.floats(read.tensor("a"))).containsExactly(1, 2);
            }
        }
    }

    private Path file(String header, float... data) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + 4 * data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text);
        for (float value : data) bytes.putFloat(value);
        return Files.write(folder.resolve("test.safetensors"), bytes.array());
    }
}
