package org.gradmimic.model.caption;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InputException;
import org.gradmimic.io.Json;

/**
 * CLIP's tokens in the order of their numbers: the 256 bytes, the 256 bytes that end a word, the result of every merge,
 * the start of text and the end of text.
 *
 * @param name the name of the vocabulary in error messages
 * @param merges pairs of tokens, in the order in which they are merged
 */
record ClipVocabulary(String name, List<Pair> merges) {
    /** Marks the tokens that end a word. */
    static final String END_OF_WORD = "</w>";

    /** The number of merges that CLIP uses; its file contains more. */
    static final int MOST_MERGES = 49152 - 256 - 2;

    private static final int BYTES = 256;

    /**
     * The words of a text, which are tokenized separately: endings with an apostrophe, letters, one digit, or other characters.
     * White space belongs to no word.
     */
    private static final String WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

    /** Two tokens that become one. */
    record Pair(String first, String second) {
        String merged() {
            return first + second;
        }

        @Override
        public String toString() {
            return first + " " + second;
        }
    }

    /** @throws InputException if a merge uses something that is not a token yet, or creates one that exists already */
    ClipVocabulary {
        merges = List.copyOf(merges);
        Map<String, Integer> tokens = bytes();
        for (int i = 0; i < merges.size(); i++) {
            Pair pair = merges.get(i);
            for (String part : List.of(pair.first(), pair.second())) {
                if (!tokens.containsKey(part)) {
                    throw wrong(name, i, pair, "'" + part + "' is not a token before it");
                }
            }
            if (pair.first().endsWith(END_OF_WORD)) throw wrong(name, i, pair, "its first part ends a word");
            if (tokens.putIfAbsent(pair.merged(), tokens.size()) != null) {
                throw wrong(name, i, pair, "'" + pair.merged() + "' already is a token");
            }
        }
    }

    private static InputException wrong(String name, int merge, Pair pair, String why) {
        return new InputException(name + ": merge " + (merge + 1) + " is '" + pair + "', but " + why);
    }

    /** One character for each byte, in the order of the first 256 tokens; printable bytes map to themselves. */
    private static Map<String, Integer> bytes() {
        List<String> letters = new ArrayList<>();
        List<String> substitutes = new ArrayList<>();
        for (int b = 0; b < BYTES; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae;
            if (printable) letters.add(Character.toString(b));
            else substitutes.add(Character.toString(BYTES + substitutes.size()));
        }
        letters.addAll(substitutes);
        Map<String, Integer> tokens = new LinkedHashMap<>();
        for (String letter : letters) tokens.put(letter, tokens.size());
        for (String letter : letters) tokens.put(letter + END_OF_WORD, tokens.size());
        return tokens;
    }

    /** The numbers of the tokens, without the start and the end of text. */
    Map<String, Integer> tokens() {
        Map<String, Integer> tokens = bytes();
        for (Pair pair : merges) tokens.put(pair.merged(), tokens.size());
        return tokens;
    }

    /** The number of the start of text. */
    int start() {
        return 2 * BYTES + merges.size();
    }

    /** The number of the end of text, the largest token. */
    int end() {
        return start() + 1;
    }

    /** The number of tokens. */
    int size() {
        return end() + 1;
    }

    /**
     * The tokenizer in the library's JSON format. The text is cleaned beforehand, and the library does not add the
     * start and the end of text.
     */
    String json() {
        Map<String, Object> words =
                Map.of("type", "Split", "pattern", Map.of("Regex", WORDS), "behavior", "Removed", "invert", true);
        Map<String, Object> bytes =
                Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", false, "use_regex", false);
        Map<String, Object> model = new HashMap<>();
        model.put("type", "BPE");
        model.put("dropout", null);
        model.put("unk_token", null);
        model.put("continuing_subword_prefix", null);
        model.put("end_of_word_suffix", END_OF_WORD);
        model.put("fuse_unk", false);
        model.put("byte_fallback", false);
        model.put("ignore_merges", false);
        model.put("vocab", tokens());
        model.put(
                "merges",
                merges.stream()
                        .map(pair -> List.of(pair.first(), pair.second()))
                        .toList());
        Map<String, Object> tokenizer = new HashMap<>();
        tokenizer.put("version", "1.0");
        tokenizer.put("truncation", null);
        tokenizer.put("padding", null);
        tokenizer.put("added_tokens", List.of());
        tokenizer.put("normalizer", null);
        tokenizer.put("pre_tokenizer", Map.of("type", "Sequence", "pretokenizers", List.of(words, bytes)));
        tokenizer.put("post_processor", null);
        tokenizer.put("decoder", null);
        tokenizer.put("model", model);
        return Json.compact(tokenizer);
    }
}
