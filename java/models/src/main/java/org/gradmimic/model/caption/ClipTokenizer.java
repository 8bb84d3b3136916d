package org.gradmimic.model.caption;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.model.Clip;

/**
 * CLIP's tokenizer: open_clip's {@code SimpleTokenizer} with a vocabulary provided by the user. A caption becomes the
 * start of text, its tokens, the end of text, and zeros up to the context length. A caption that is too long is
 * truncated, with the end of text in the last position. As in open_clip, {@code <start_of_text>} and {@code
 * <end_of_text>} in a caption become the special tokens of these names.
 *
 * <p>Not thread-safe.
 */
public final class ClipTokenizer implements AutoCloseable {
    private static final String START = "<start_of_text>";
    private static final String END = "<end_of_text>";

    /**
     * Matches words as the library does, so that a special token is recognised only where no word has begun before it.
     */
    private static final Pattern WORDS =
            Pattern.compile(START + "|" + END + "|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+");

    private final NativeTokenizer library;
    private final int contextLength;
    private final int start;
    private final int end;

    private ClipTokenizer(ClipVocabulary vocabulary, int contextLength) {
        if (contextLength < 1) throw new InvalidArgumentException("the context length is " + contextLength);
        this.contextLength = contextLength;
        start = vocabulary.start();
        end = vocabulary.end();
        library = new NativeTokenizer(vocabulary.json());
    }

    /**
     * A tokenizer with a vocabulary.
     *
     * @param vocabulary the list of merges that OpenAI and open_clip distribute as {@code
     *     bpe_simple_vocab_16e6.txt.gz}, compressed or not; or Hugging Face's {@code tokenizer.json}, or its {@code
     *     vocab.json} with {@code merges.txt} beside it, or the folder of either
     * @param contextLength tokens of a caption
     * @throws InputException if the vocabulary is missing, damaged, or not CLIP's
     * @throws UnsatisfiedLinkError if the native library cannot be loaded on this machine
     */
    public static ClipTokenizer open(Path vocabulary, int contextLength) {
        return new ClipTokenizer(VocabularyFile.read(vocabulary), contextLength);
    }

    /**
     * The tokenizer of a model, which must have the same number of tokens.
     *
     * @throws InputException also if the model has another vocabulary, or its configuration requires another tokenizer
     */
    public static ClipTokenizer open(Path vocabulary, Clip model) {
        if (model.otherTokenizer() != null) {
            throw new InputException("the model's configuration has " + model.otherTokenizer()
                    + ": CLIP's own tokenizer cannot tokenize its captions");
        }
        ClipVocabulary read = VocabularyFile.read(vocabulary);
        if (read.size() != model.vocabulary()) {
            throw InputException.in(vocabulary, "has " + read.size() + " tokens; the model has " + model.vocabulary());
        }
        return new ClipTokenizer(read, model.contextLength());
    }

    /**
     * Loads the native library, if it is not loaded yet.
     *
     * @return the file it was loaded from
     * @throws UnsatisfiedLinkError if it cannot be loaded
     */
    public static String load() {
        return NativeTokenizer.load();
    }

    /** The number of tokens; the end of text is the last of them. */
    public int size() {
        return end + 1;
    }

    /** Tokens of captions, [N,context length] long. */
    public Tensor tokens(List<String> captions) {
        long[] all = new long[Math.multiplyExact(captions.size(), contextLength)];
        for (int i = 0; i < captions.size(); i++) {
            System.arraycopy(tokens(captions.get(i)), 0, all, i * contextLength, contextLength);
        }
        return Tensors.of(all, captions.size(), contextLength);
    }

    /** The tokens of a caption, padded or truncated to the context length. */
    public long[] tokens(String caption) {
        String text = CaptionText.cleaned(caption);
        Row row = new Row();
        row.add(start);
        int from = 0;
        if (text.contains(START) || text.contains(END)) {
            Matcher words = WORDS.matcher(text);
            while (words.find()) {
                boolean isStart = words.group().equals(START);
                if (!isStart && !words.group().equals(END)) continue;
                row.add(text.substring(from, words.start()));
                row.add(isStart ? start : end);
                from = words.end();
            }
        }
        row.add(text.substring(from));
        row.finish();
        return row.tokens;
    }

    /** The tokens of one caption; tokens beyond the context length are dropped. */
    private final class Row {
        final long[] tokens = new long[contextLength];
        private int count;

        void add(long token) {
            if (count < tokens.length) tokens[count++] = token;
        }

        void add(String text) {
            if (text.isEmpty() || count == tokens.length) return;
            for (long token : library.encode(text)) add(token);
        }

        void finish() {
            tokens[Math.min(count, tokens.length - 1)] = end;
        }
    }

    /** Frees the native tokenizer. A second call does nothing. */
    @Override
    public void close() {
        library.close();
    }
}
