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
 * CLIP's tokenizer, as open_clip's {@code SimpleTokenizer} with a vocabulary that the user gives. A caption becomes the
 * start of text, its tokens, the end of text and zeros up to the context length; one that is too long is cut, and its end
 * stands in the last place. {@code <start_of_text>} and {@code <end_of_text>} in a caption are the tokens of that name, as
 * they are for open_clip.
 *
 * <p>Not for several threads at once.
 */
public final class ClipTokenizer implements AutoCloseable {
    private static final String START = "<start_of_text>";
    private static final String END = "<end_of_text>";

    /** Takes words as the library does, so that a special token is found only where no word has begun before it. */
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
     * @param vocabulary the list of merges that OpenAI and open_clip keep as {@code bpe_simple_vocab_16e6.txt.gz},
     *     compressed or not; or Hugging Face's {@code tokenizer.json}, its {@code vocab.json} with {@code merges.txt} beside
     *     it, or the folder of either
     * @param contextLength tokens of a caption
     * @throws InputException if the vocabulary is missing, damaged, or not CLIP's
     * @throws UnsatisfiedLinkError if the native library can't be loaded here
     */
    public static ClipTokenizer open(Path vocabulary, int contextLength) {
        return new ClipTokenizer(VocabularyFile.read(vocabulary), contextLength);
    }

    /**
     * The tokenizer of a model, which must have as many tokens.
     *
     * @throws InputException also if the model has another vocabulary, or its configuration asks for another tokenizer
     */
    public static ClipTokenizer open(Path vocabulary, Clip model) {
        if (model.otherTokenizer() != null) {
            throw new InputException("the model's configuration has " + model.otherTokenizer()
                    + ": its captions are not tokenized by CLIP's own tokenizer");
        }
        ClipVocabulary read = VocabularyFile.read(vocabulary);
        if (read.size() != model.vocabulary()) {
            throw InputException.in(vocabulary, "has " + read.size() + " tokens; the model has " + model.vocabulary());
        }
        return new ClipTokenizer(read, model.contextLength());
    }

    /**
     * Loads the native library, if it is not there yet.
     *
     * @return the file it was loaded from
     * @throws UnsatisfiedLinkError if it can't be loaded
     */
    public static String load() {
        return NativeTokenizer.load();
    }

    /** How many tokens there are; the end of text is the last of them. */
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

    /** Tokens of a caption, as many as the context length. */
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

    /** A caption's tokens; those that have no place are dropped. */
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
