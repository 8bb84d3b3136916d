package org.gradmimic.model.caption;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;

/** A text file of captions, UTF-8, one per line. */
public final class Captions {
    private Captions() {}

    /**
     * Reads the captions. Only a line feed ends a line; a carriage return before it is white space, which is never part
     * of a token. The last line needs no line feed. An empty line is an empty caption.
     *
     * @throws InputException if the file is missing, or a line is not UTF-8; the message names the line
     */
    public static List<String> read(Path file) {
        byte[] bytes;
        InputFiles.requireRegular(file);
        if (!Files.isRegularFile(file)) throw InputException.in(file, "there is no such file");
        try {
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + e.getMessage(), e);
        }
        List<String> captions = new ArrayList<>();
        for (int from = 0, to; from < bytes.length; from = to + 1) {
            to = from;
            while (to < bytes.length && bytes[to] != '\n') to++;
            captions.add(decoded(file, captions.size() + 1, ByteBuffer.wrap(bytes, from, to - from)));
        }
        return captions;
    }

    private static String decoded(Path file, int line, ByteBuffer bytes) {
        int from = bytes.position();
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw InputException.in(
                    file, "line " + line + " is not UTF-8, from its byte " + (bytes.position() - from + 1) + " on", e);
        }
    }
}
