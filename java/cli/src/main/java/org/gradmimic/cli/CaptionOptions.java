package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.gradmimic.base.InputException;
import org.gradmimic.model.Architecture;
import org.gradmimic.model.Clip;
import org.gradmimic.model.caption.Captions;
import org.gradmimic.model.caption.ClipTokenizer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Captions instead of images, as a picocli mix-in. */
final class CaptionOptions {
    @Option(
            names = "--captions",
            paramLabel = "c.txt",
            description = "Captions for CLIP's text tower instead of --data: UTF-8 text, one per line; needs"
                    + " --vocabulary.")
    private @Nullable Path captions;

    @Option(
            names = "--vocabulary",
            paramLabel = "V",
            description =
                    "Vocabulary of CLIP: bpe_simple_vocab_16e6.txt.gz, tokenizer.json, or vocab.json beside merges.txt.")
    private @Nullable Path vocabulary;

    /** Whether captions are given. @throws InputException if only a part of what they need is given */
    boolean given() {
        if (captions == null && vocabulary == null) return false;
        if (captions == null) throw new InputException("--vocabulary is for --captions, which is missing");
        if (vocabulary == null) throw new InputException("--captions needs --vocabulary");
        return true;
    }

    String file() {
        return String.valueOf(captions);
    }

    List<String> read() {
        return Captions.read(Objects.requireNonNull(captions));
    }

    /** The tokenizer of a model, which must be CLIP. */
    ClipTokenizer tokenizer(@Nullable Architecture model) {
        if (model instanceof Clip clip) return ClipTokenizer.open(Objects.requireNonNull(vocabulary), clip);
        throw new InputException("--captions is for CLIP, the only model with a text tower");
    }
}
