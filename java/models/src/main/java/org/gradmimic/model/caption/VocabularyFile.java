package org.gradmimic.model.caption;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.Json;
import org.gradmimic.model.caption.ClipVocabulary.Pair;
import tools.jackson.databind.JsonNode;

/**
 * Reads CLIP's vocabulary from the list of merges of OpenAI and open_clip, from Hugging Face's {@code tokenizer.json},
 * or from its {@code vocab.json} and {@code merges.txt} in one folder. The merges define the vocabulary. If a file
 * contains the tokens' numbers as well, they must equal CLIP's.
 */
final class VocabularyFile {
    /** A limit for untrusted files; the largest vocabulary file has 4 MiB. */
    private static final int MOST_BYTES = 64 << 20;

    private VocabularyFile() {}

    /**
     * Reads the vocabulary from a file, gzip-compressed or not, or from a folder with Hugging Face's files.
     *
     * @throws InputException if it is missing, damaged, or not CLIP's; the message names the file
     */
    static ClipVocabulary read(Path path) {
        if (Files.isDirectory(path)) {
            for (String name : List.of("tokenizer.json", "vocab.json")) {
                if (Files.exists(path.resolve(name))) return read(path.resolve(name));
            }
            throw InputException.in(
                    path, "the folder has neither tokenizer.json nor vocab.json and merges.txt; name a file");
        }
        String text = text(path);
        if (!text.stripLeading().startsWith("{")) return new ClipVocabulary(path.toString(), merges(path, text));
        JsonNode json;
        try {
            json = Json.tree(text);
        } catch (InvalidArgumentException e) {
            throw InputException.in(path, e.getMessage(), e);
        }
        // In a vocab.json, "model" is a token with a number.
        if (json.path("model").isObject()) return ofTokenizer(path, json.get("model"));
        Path merges = path.resolveSibling("merges.txt");
        ClipVocabulary vocabulary = new ClipVocabulary(merges.toString(), merges(merges, text(merges)));
        requireNumbers(path, vocabulary, json);
        return vocabulary;
    }

    private static String text(Path path) {
        InputFiles.requireRegular(path);
        if (!Files.isRegularFile(path)) throw InputException.in(path, "there is no such file");
        try (InputStream file = InputFiles.open(path)) {
            byte[] bytes = file.readNBytes(MOST_BYTES + 1);
            if (bytes.length > 1 && (bytes[0] & 0xff) == 0x1f && (bytes[1] & 0xff) == 0x8b) {
                try (InputStream unpacked = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
                    bytes = unpacked.readNBytes(MOST_BYTES + 1);
                }
            }
            if (bytes.length > MOST_BYTES) {
                throw InputException.in(path, "has more than " + MOST_BYTES + " bytes; it is not a vocabulary");
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw InputException.in(path, "is not UTF-8 text, so it is not a vocabulary", e);
        } catch (EOFException | ZipException e) {
            throw InputException.in(path, "is damaged: gzip: " + e.getMessage(), e);
        } catch (IOException e) {
            throw InputException.in(path, "cannot be read: " + e.getMessage(), e);
        }
    }

    /** The file has a heading, then one pair per line. Lines beyond those that CLIP uses are not read. */
    private static List<Pair> merges(Path path, String text) {
        List<String> lines = text.lines().limit(ClipVocabulary.MOST_MERGES + 1L).toList();
        if (lines.isEmpty() || !lines.get(0).contains("#version")) {
            throw InputException.in(path, "is not a list of merges: the first line has no '#version'");
        }
        List<Pair> merges = new ArrayList<>();
        for (int i = 1; i < lines.size(); i++) {
            String[] parts = lines.get(i).trim().split(" +");
            if (parts.length != 2) {
                throw InputException.in(
                        path, "line " + (i + 1) + " is '" + shortened(lines.get(i)) + "'; expected two tokens");
            }
            merges.add(new Pair(parts[0], parts[1]));
        }
        return merges;
    }

    private static ClipVocabulary ofTokenizer(Path path, JsonNode model) {
        String type = model.path("type").asString("BPE");
        String suffix = model.path("end_of_word_suffix").asString("");
        if (!type.equals("BPE") || !suffix.equals(ClipVocabulary.END_OF_WORD)) {
            throw InputException.in(
                    path,
                    "the tokenizer is " + type + " and ends words with '" + suffix
                            + "'; CLIP's is BPE and ends them with '" + ClipVocabulary.END_OF_WORD + "'");
        }
        List<Pair> merges = new ArrayList<>();
        for (JsonNode merge : model.path("merges")) {
            merges.add(pair(path, merges.size() + 1, merge));
        }
        ClipVocabulary vocabulary = new ClipVocabulary(path.toString(), merges);
        requireNumbers(path, vocabulary, model.path("vocab"));
        return vocabulary;
    }

    /** "a b", or ["a", "b"] as newer versions write it. */
    private static Pair pair(Path path, int number, JsonNode merge) {
        if (merge.isString()) {
            String[] parts = merge.asString().split(" ");
            if (parts.length == 2) return new Pair(parts[0], parts[1]);
        } else if (merge.size() == 2 && merge.get(0).isString() && merge.get(1).isString()) {
            return new Pair(merge.get(0).asString(), merge.get(1).asString());
        }
        throw InputException.in(
                path, "merge " + number + " is " + shortened(merge.toString()) + "; expected two tokens");
    }

    private static void requireNumbers(Path path, ClipVocabulary vocabulary, JsonNode numbers) {
        vocabulary.tokens().forEach((token, number) -> requireNumber(path, numbers, Set.of(token), number));
        requireNumber(path, numbers, Set.of("<|startoftext|>", "<start_of_text>"), vocabulary.start());
        requireNumber(path, numbers, Set.of("<|endoftext|>", "<end_of_text>"), vocabulary.end());
        if (numbers.size() != vocabulary.size()) {
            throw InputException.in(
                    path,
                    "has " + numbers.size() + " tokens, but its merges make " + vocabulary.size()
                            + " with the bytes, the start of text and its end");
        }
    }

    /** Requires the expected number of a token under whichever of its names is present. */
    private static void requireNumber(Path path, JsonNode numbers, Set<String> names, int number) {
        for (String name : names) {
            JsonNode found = numbers.get(name);
            if (found == null) continue;
            if (found.isInt() && found.asInt() == number) return;
            throw InputException.in(
                    path,
                    "token '" + name + "' has the number " + shortened(found.toString()) + "; in CLIP's order it is "
                            + number);
        }
        throw InputException.in(path, "lacks the token '" + names.iterator().next() + "'");
    }

    private static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }
}
