package org.gradmimic.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;

/** The lines of a UTF-8 text file, read one by one. */
public final class TextLines {
    private static final int SHOWN = 60;

    private TextLines() {}

    /** Receives a line. */
    @FunctionalInterface
    public interface Line {
        /**
         * @param number the line's number, from 1
         * @param text without spaces around it, not empty
         */
        void accept(long number, String text);
    }

    /**
     * Passes every line that is not blank to the action.
     *
     * @return the number of these lines
     * @throws InputException if the file is missing, unreadable or not text
     */
    public static long forEach(Path file, Line action) {
        InputFiles.requireRegular(file);
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            long number = 0;
            long shown = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                String text = line.strip();
                if (!text.isEmpty()) {
                    action.accept(number, text);
                    shown++;
                }
            }
            return shown;
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /**
     * @return the first line that is not blank, without spaces around it; empty if there is none
     * @throws InputException if the file is missing, unreadable or not text
     */
    public static String first(Path file) {
        InputFiles.requireRegular(file);
        try (Stream<String> lines = Files.lines(file)) {
            return lines.map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .findFirst()
                    .orElse("");
        } catch (UncheckedIOException e) {
            throw unreadable(file, Objects.requireNonNull(e.getCause()));
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** A line as shown in a message. */
    public static String shown(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    }

    private static InputException unreadable(Path file, IOException e) {
        if (e instanceof CharacterCodingException) {
            return InputException.in(file, "is not text (not UTF-8)", e);
        }
        return InputException.in(file, "cannot be read: " + AtomicFile.reason(e), e);
    }
}
