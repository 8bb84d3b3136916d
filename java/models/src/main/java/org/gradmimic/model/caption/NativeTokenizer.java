package org.gradmimic.model.caption;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import org.bytedeco.javacpp.Loader;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.kernel.OpenResources;

/**
 * Hugging Face's tokenizers, through the binding that DJL keeps. Not through DJL's {@code HuggingFaceTokenizer}: its start
 * looks for CUDA, may fetch another native library from the network or report to it, and keeps a cache of its own. Here the
 * library in the jar is loaded as all others are, from JavaCPP's cache.
 */
final class NativeTokenizer implements AutoCloseable {
    private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;

    private final long handle;
    private boolean closed;

    /**
     * @param json the tokenizer as the library writes it
     * @throws UnsatisfiedLinkError if the library can't be loaded here
     * @throws RuntimeException if it refuses the tokenizer
     */
    NativeTokenizer(String json) {
        load();
        handle = LIBRARY.createTokenizerFromString(json);
        OpenResources.opened();
    }

    /** Loads the library, if it is not there yet; the file it was loaded from. */
    static String load() {
        return Loaded.PATH;
    }

    /** In a class of its own: whoever asks again after a failure gets an error, not an attempt. */
    private static final class Loaded {
        static final String PATH = load();

        private static String load() {
            String resource = "/native/lib/" + platform();
            URL url = TokenizersLibrary.class.getResource(resource);
            if (url == null) throw new UnsatisfiedLinkError("the tokenizers' jar has no " + resource);
            try {
                File file = Loader.cacheResource(url);
                System.load(file.getAbsolutePath());
                return file.getPath();
            } catch (IOException e) {
                throw new UnsatisfiedLinkError("the tokenizers' library cannot be extracted: " + e.getMessage());
            }
        }

        private static String platform() {
            String platform = Loader.getPlatform();
            return switch (platform) {
                case "linux-x86_64" -> "linux-x86_64/cpu/libtokenizers.so";
                case "linux-arm64" -> "linux-aarch64/cpu/libtokenizers.so";
                case "macosx-arm64" -> "osx-aarch64/cpu/libtokenizers.dylib";
                default -> throw new UnsatisfiedLinkError("the tokenizers' jar has no library for " + platform);
            };
        }
    }

    /** Numbers of a text's tokens. */
    long[] encode(String text) {
        if (closed) throw new InvalidStateException("this tokenizer is closed");
        long encoding = LIBRARY.encode(handle, text, false);
        try {
            return LIBRARY.getTokenIds(encoding);
        } finally {
            LIBRARY.deleteEncoding(encoding);
        }
    }

    /** Frees it. A second call does nothing. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        LIBRARY.deleteTokenizer(handle);
    }
}
