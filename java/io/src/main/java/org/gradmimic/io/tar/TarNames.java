package org.gradmimic.io.tar;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Names of tar members as text. A name should be UTF-8, but any bytes are legal. A byte that is not part of UTF-8
 * becomes one of the characters U+DC80 to U+DCFF, as in Python. Different names stay different, and every name can be
 * written back unchanged.
 */
public final class TarNames {
    private static final int ESCAPE = 0xdc00;

    private TarNames() {}

    /** A name as text. */
    public static String decode(byte[] name) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(name);
        CharBuffer out = CharBuffer.allocate(name.length);
        while (true) {
            CoderResult result = decoder.decode(in, out, true);
            if (!result.isError()) return out.flip().toString();
            for (int i = 0; i < result.length(); i++) out.put((char) (ESCAPE + (in.get() & 0xff)));
            decoder.reset();
        }
    }

    static byte[] encode(String name) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        name.codePoints().forEach(c -> {
            if (isEscape(c)) out.write(c - ESCAPE);
            else out.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
        });
        return out.toByteArray();
    }

    /** A name for messages: escaped bytes and control characters as {@code \xE4}. */
    static String shown(String name) {
        StringBuilder shown = new StringBuilder();
        name.codePoints().forEach(c -> {
            if (isEscape(c)) shown.append(String.format("\\x%02X", c - ESCAPE));
            else if (Character.isISOControl(c)) shown.append(String.format("\\x%02X", c));
            else shown.appendCodePoint(c);
        });
        return shown.toString();
    }

    private static boolean isEscape(int c) {
        return c >= ESCAPE + 0x80 && c <= ESCAPE + 0xff;
    }
}
