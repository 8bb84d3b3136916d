package org.gradmimic.model.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.model.Clip;
import org.gradmimic.model.Models;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Captions to tokens: as open_clip has them, as the slow twin has them, from every kind of vocabulary file. */
class ClipTokenizerTest {
    private static final String HEADING = "\"bpe_simple_vocab_16e6.txt#version: 0.2\n";

    @TempDir
    Path folder;

    private final List<String> merges = new ArrayList<>();
    private JsonNode expected;
    private Path vocabulary;

    @BeforeEach
    void write() throws IOException {
        try (InputStream file = getClass().getResourceAsStream("/captions/expected.json")) {
            expected = JsonMapper.shared().readTree(file);
        }
        expected.get("merges").forEach(merge -> merges.add(merge.asString()));
        vocabulary = Files.writeString(folder.resolve("bpe.txt"), HEADING + String.join("\n", merges) + "\n");
    }

    private long[] row(JsonNode tokens) {
        long[] row = new long[tokens.size()];
        for (int i = 0; i < row.length; i++) row[i] = tokens.get(i).asLong();
        return row;
    }

    /** make_captions.py wrote it with open_clip's own tokenizer: its cleaning, words, merges, special tokens and cuts. */
    @Test
    void asOpenClip() {
        try (ClipTokenizer tokenizer =
                ClipTokenizer.open(vocabulary, expected.get("length").asInt())) {
            assertThat(tokenizer.size()).isEqualTo(expected.get("size").asInt());
            assertThat(expected.get("captions").size()).isGreaterThan(30);
            expected.get("captions")
                    .properties()
                    .forEach(caption -> assertThat(tokenizer.tokens(caption.getKey()))
                            .as("'%s'", caption.getKey())
                            .isEqualTo(row(caption.getValue())));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 16, 77})
    void asTheSlowTwin(int length) {
        SlowClipTokenizer slow = new SlowClipTokenizer(merges);
        Random random = new Random(length);
        try (ClipTokenizer tokenizer = ClipTokenizer.open(vocabulary, length)) {
            for (int i = 0; i < 400; i++) {
                String caption = caption(random);
                assertThat(tokenizer.tokens(caption))
                        .as("'%s'", caption)
                        .isEqualTo(slow.tokens(CaptionText.cleaned(caption), length));
            }
        }
    }

    private static String caption(Random random) {
        String[] parts = {
            " ",
            "  ",
            "'s",
            "'ll",
            "'",
            "the",
            "a",
            "photo",
            "photograph",
            "of",
            "DOG",
            "don't",
            "Straße",
            "é",
            "e\u0301",
            "ñ",
            "МОСКВА",
            "東京",
            "タワー",
            "한",
            "😀",
            "👨‍👩‍👧",
            "🇩🇪",
            "12",
            "3",
            "½",
            "!",
            "...",
            "#",
            "_",
            "&",
            "<",
            "</w>",
            "<start_of_text>",
            "<end_of_text>",
            "&amp;",
            "\u00a0",
            "\t"
        };
        StringBuilder caption = new StringBuilder();
        for (int n = random.nextInt(20); n > 0; n--) {
            if (random.nextInt(4) == 0) caption.append((char) (' ' + random.nextInt(95)));
            else if (random.nextInt(8) == 0) caption.append((char) (0xa1 + random.nextInt(0x17f)));
            else caption.append(parts[random.nextInt(parts.length)]);
        }
        return caption.toString();
    }

    @Test
    void veryLongCaptions() {
        SlowClipTokenizer slow = new SlowClipTokenizer(merges);
        try (ClipTokenizer tokenizer = ClipTokenizer.open(vocabulary, 77)) {
            for (String caption : List.of("photograph".repeat(60), "the dog ".repeat(2_000), "é".repeat(400))) {
                assertThat(tokenizer.tokens(caption)).isEqualTo(slow.tokens(caption.trim(), 77));
            }
            // Beyond what the twin can do: references within references, more than are resolved.
            assertThat(tokenizer.tokens("&" + "amp;".repeat(50_000))).hasSize(77);
        }
    }

    @Test
    void aBatch() {
        try (ClipTokenizer tokenizer = ClipTokenizer.open(vocabulary, 5);
                PointerScope scope = new PointerScope()) {
            Tensor tokens = tokenizer.tokens(List.of("", "a photo of the dog", "\u00a0"));
            Tensors.requireShape("tokens", tokens, 3, 5);
            long end = tokenizer.size() - 1;
            long[] all = new long[15];
            for (int i = 0; i < all.length; i++)
                all[i] = tokens.reshape(-1).select(0, i).item_long();
            assertThat(all).startsWith(end - 1, end, 0, 0, 0).endsWith(end - 1, end, 0, 0, 0);
            assertThat(all[9]).isEqualTo(end);
            Tensors.requireShape("none", tokenizer.tokens(List.of()), 0, 5);
        }
    }

    @Test
    void aClosedTokenizer() {
        ClipTokenizer tokenizer = ClipTokenizer.open(vocabulary, 5);
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.tokens("a")).isInstanceOf(InvalidStateException.class);
    }

    private Map<String, Integer> numbers() {
        ClipVocabulary read = VocabularyFile.read(vocabulary);
        Map<String, Integer> numbers = new LinkedHashMap<>(read.tokens());
        numbers.put("<|startoftext|>", read.start());
        numbers.put("<|endoftext|>", read.end());
        return numbers;
    }

    private Path write(String name, Object json) throws IOException {
        return Files.writeString(folder.resolve(name), JsonMapper.shared().writeValueAsString(json));
    }

    private static Map<String, Object> tokenizer(Object merges, Map<String, Integer> numbers) {
        return Map.of("model", Map.of("type", "BPE", "end_of_word_suffix", "</w>", "vocab", numbers, "merges", merges));
    }

    @Test
    void everyKindOfFile() throws IOException {
        ClipVocabulary plain = VocabularyFile.read(vocabulary);
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(Files.readAllBytes(vocabulary));
        }
        Path gzip = Files.write(folder.resolve("bpe.txt.gz"), packed.toByteArray());
        Path windows = Files.writeString(
                folder.resolve("windows.txt"), "#version: 0.2\r\n" + String.join("\r\n", merges) + "\r\n");
        Path texts = write("texts.json", tokenizer(merges, numbers()));
        List<List<String>> pairs =
                merges.stream().map(merge -> List.of(merge.split(" "))).toList();
        Path arrays = write("tokenizer.json", tokenizer(pairs, numbers()));
        for (Path file : List.of(gzip, windows, texts, arrays, folder)) {
            assertThat(VocabularyFile.read(file).merges()).as("%s", file).isEqualTo(plain.merges());
        }
        Files.delete(arrays);
        Path vocab = write("vocab.json", numbers());
        assertThatThrownBy(() -> VocabularyFile.read(vocab)).hasMessageContaining("merges.txt: there is no such file");
        Files.copy(vocabulary, folder.resolve("merges.txt"));
        for (Path file : List.of(vocab, folder)) {
            assertThat(VocabularyFile.read(file).merges()).isEqualTo(plain.merges());
        }
        // A file of Hugging Face whose numbers aren't CLIP's.
        Map<String, Integer> swapped = numbers();
        swapped.put("a", 65);
        swapped.put("b", 64);
        assertRefused(
                write("swapped.json", tokenizer(merges, swapped)),
                "token 'a' has the number 65; in CLIP's order it is 64");
        Map<String, Integer> more = numbers();
        more.put("<pad>", more.size());
        assertRefused(write("more.json", tokenizer(merges, more)), "has 667 tokens, but its merges make 666");
        Map<String, Integer> less = numbers();
        less.remove("<|endoftext|>");
        assertRefused(write("less.json", tokenizer(merges, less)), "lacks the token '<");
    }

    @Test
    void aTokenCalledModel() throws IOException {
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\nm o\nd e\nde l\nmo del\n");
        Map<String, Integer> numbers = new LinkedHashMap<>(
                VocabularyFile.read(folder.resolve("merges.txt")).tokens());
        assertThat(numbers).containsKey("model");
        numbers.put("<|startoftext|>", 516);
        numbers.put("<|endoftext|>", 517);
        assertThat(VocabularyFile.read(write("vocab.json", numbers)).size()).isEqualTo(518);
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> ClipTokenizer.open(file, 77))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file.getParent().toString())
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "~~ | is not a list of merges: the first line has no '#version'",
                "i n/t h | is not a list of merges",
                "#version/i n/t h e | line 3 is 't h e'; expected two tokens",
                "#version/i n//t h | line 3 is ''; expected two tokens",
                "#version/i n/in g | ~~",
                "#version/in g/i n | merge 1 is 'in g', but 'in' is not a token before it",
                "#version/i n/i n | merge 2 is 'i n', but 'in' already is a token",
                "#version/i</w> n | merge 1 is 'i</w> n', but its first part ends a word",
                "#version/€ n | merge 1 is '€ n', but '€' is not a token before it",
                "{ | is not valid JSON",
                "{} {} | is not valid JSON",
                "{\"model\":{\"type\":\"WordPiece\"}} | the tokenizer is WordPiece and ends words with ''; CLIP's is BPE",
                "{\"model\":{\"type\":\"BPE\"}} | ends words with ''; CLIP's is BPE",
                "{\"model\":{\"type\":\"BPE\",\"end_of_word_suffix\":\"</w>\",\"merges\":[\"a\"]}} | merge 1 is \"a\"; expected two",
                "{\"model\":{\"type\":\"BPE\",\"end_of_word_suffix\":\"</w>\",\"merges\":[7]}} | merge 1 is 7; expected two",
                "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"merges\":[],\"vocab\":{}}} | lacks the token '!'",
                "{\"model\":7} | merges.txt: there is no such file"
            })
    void invalidVocabularies(String content, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("v"), content.replaceAll("(?<!<)/", "\n"));
        if (message.isEmpty()) assertThat(VocabularyFile.read(file).size()).isEqualTo(516);
        else assertRefused(file, message);
    }

    @Test
    void damagedFiles() throws IOException {
        assertRefused(folder.resolve("absent"), "there is no such file");
        assertRefused(Files.createDirectory(folder.resolve("empty")), "the folder has neither tokenizer.json nor");
        assertRefused(Files.write(folder.resolve("bytes"), new byte[] {'#', (byte) 0xff, 'x'}), "is not UTF-8 text");
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(Files.readAllBytes(vocabulary));
        }
        byte[] bytes = packed.toByteArray();
        byte[] half = java.util.Arrays.copyOf(bytes, bytes.length / 2);
        assertRefused(Files.write(folder.resolve("half.gz"), half), "is damaged: gzip: ");
        bytes[bytes.length / 2] ^= 0x55;
        assertThatThrownBy(() -> VocabularyFile.read(Files.write(folder.resolve("flipped.gz"), bytes)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("flipped.gz: ");
        packed.reset();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            for (int i = 0; i < 65; i++) gzip.write(new byte[1 << 20]);
        }
        assertRefused(Files.write(folder.resolve("bomb.gz"), packed.toByteArray()), "has more than 67108864 bytes");
    }

    /** CLIP's own file has five times as many lines as CLIP has merges. */
    @Test
    void mergesBeyondClips() throws IOException {
        StringBuilder lines = new StringBuilder("#version\n");
        String letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()*+,-.:;=?@[]^_`{|}~";
        List<String> made = new ArrayList<>();
        for (char c : letters.toCharArray()) for (char d : letters.toCharArray()) made.add(c + "" + d);
        for (String pair : made)
            lines.append(pair.charAt(0)).append(' ').append(pair.charAt(1)).append('\n');
        int count = made.size();
        for (int i = 0; count < ClipVocabulary.MOST_MERGES; i++) {
            for (char d : letters.toCharArray()) {
                if (count++ == ClipVocabulary.MOST_MERGES) break;
                lines.append(made.get(i)).append(' ').append(d).append('\n');
            }
        }
        lines.append("this is not looked at\n");
        Path file = Files.writeString(folder.resolve("all.txt"), lines);
        try (ClipTokenizer tokenizer = ClipTokenizer.open(file, 77)) {
            assertThat(tokenizer.size()).isEqualTo(49408);
        }
        try (Clip model = (Clip) Models.open(Models.Kind.CLIP, "ViT-B-32");
                ClipTokenizer tokenizer = ClipTokenizer.open(file, model)) {
            assertThat(tokenizer.tokens("a")).hasSize(77).startsWith(49406).contains(49407);
        }
    }

    private Clip model(String text) throws IOException {
        Path file = Files.writeString(
                folder.resolve("config.json"),
                "{\"embed_dim\":8,\"vision_cfg\":{\"image_size\":16,\"layers\":1,\"width\":64,\"patch_size\":8},"
                        + "\"text_cfg\":{" + text + ",\"context_length\":6,\"width\":8,\"heads\":2,\"layers\":1}}");
        return (Clip) Models.open(Models.Kind.CLIP, file.toString());
    }

    @Test
    void aModelsOwn() throws IOException {
        try (Clip model = model("\"vocab_size\":666");
                ClipTokenizer tokenizer = ClipTokenizer.open(vocabulary, model)) {
            assertThat(tokenizer.tokens("a photo of a dog and more of it"))
                    .hasSize(6)
                    .endsWith(665);
        }
        for (int size : new int[] {665, 667}) {
            assertThatThrownBy(() -> ClipTokenizer.open(vocabulary, model("\"vocab_size\":" + size)))
                    .isInstanceOf(InputException.class)
                    .hasMessage(vocabulary + ": has 666 tokens; the model has " + size);
        }
        for (String other :
                List.of("\"hf_tokenizer_name\":\"bert\"", "\"tokenizer_kwargs\":{\"clean\":\"canonicalize\"}")) {
            assertThatThrownBy(() -> ClipTokenizer.open(vocabulary, model("\"vocab_size\":666," + other)))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("the model's configuration has ")
                    .hasMessageContaining("own tokenizer cannot tokenize");
        }
    }

    @Test
    void filesOfCaptions() throws IOException {
        assertThat(read("")).isEmpty();
        assertThat(read("\n")).containsExactly("");
        assertThat(read("a\n\nb")).containsExactly("a", "", "b");
        assertThat(read("é\r\n😀\u2028x\ry\n")).containsExactly("é\r", "😀\u2028x\ry");
        Path latin = Files.write(folder.resolve("latin.txt"), "ab\ncafé\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> Captions.read(latin))
                .isInstanceOf(InputException.class)
                .hasMessage(latin + ": line 2 is not UTF-8, from its byte 4 on");
        assertThatThrownBy(() -> Captions.read(folder)).hasMessage(folder + ": there is no such file");
    }

    private List<String> read(String content) throws IOException {
        return Captions.read(Files.writeString(folder.resolve("captions.txt"), content));
    }
}
