package org.gradmimic.data;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * What libpng, libjpeg and OpenCV print on standard error while a thread decodes an image. Printed, it would lack the image's
 * name. What other threads print meanwhile is not touched.
 */
@Platform(include = "decoder_messages.h", compiler = "cpp17")
@Namespace("gradmimic::decoder_messages")
final class DecoderMessages {
    static {
        Loader.load();
    }

    private DecoderMessages() {}

    /** From here on, what the calling thread's decoders print is kept. */
    static native void begin();

    /** What they have printed since {@link #begin}, which ends with this call. */
    static String collected() {
        return end().getString();
    }

    private static native @Cast("const char*") BytePointer end();
}
