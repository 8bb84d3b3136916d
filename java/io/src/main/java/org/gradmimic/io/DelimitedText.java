package org.gradmimic.io;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.gradmimic.base.InputException;

/**
 * A table in a UTF-8 text file: a heading, then a row on each line, with fields between commas (CSV) or tabs (TSV). A field in
 * double quotes may contain the delimiter, line breaks, and quotes that are doubled. A byte order mark and blank lines are
 * skipped.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc4180">RFC 4180</a>
 */
public final class DelimitedText {
    /** The largest number of characters of a field. A quote that is never closed would swallow the rest of the file. */
    private static final int LONGEST_FIELD = 1 << 20;

    private static final char MARK = '\uFEFF';

    private final Path file;
    private final char delimiter;
    private final Reader reader;
    private final Row action;
    private final StringBuilder field = new StringBuilder();
    private List<String> fields = new ArrayList<>();
    private long line = 1;
    private int width = -1;

    /** Receives a row. */
    @FunctionalInterface
    public interface Row {
        /**
         * @param line the number of its first line, from 1
         * @param fields as many as the heading has
         */
        void accept(long line, List<String> fields);
    }

    private DelimitedText(Path file, char delimiter, Reader reader, Row action) {
        this.file = file;
        this.delimiter = delimiter;
        this.reader = reader;
        this.action = action;
    }

    /**
     * Passes every row to the action; the first one is the heading.
     *
     * @param delimiter between fields
     * @throws InputException if the file is missing, not text or empty, if a row has another number of fields than the
     *     heading, or if quotes are wrong
     */
    public static void forEach(Path file, char delimiter, Row action) {
        InputFiles.requireRegular(file);
        try (Reader reader = Files.newBufferedReader(file)) {
            new DelimitedText(file, delimiter, reader, action).rows();
        } catch (CharacterCodingException e) {
            throw InputException.in(file, "is not text (not UTF-8)", e);
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }

    private void rows() throws IOException {
        int c = reader.read();
        if (c == MARK) c = reader.read();
        while (c >= 0) {
            long first = line;
            c = row(c);
            boolean blank = fields.size() == 1 && fields.get(0).isBlank();
            if (!blank) emit(first);
            fields = new ArrayList<>();
        }
        if (width < 0) throw InputException.in(file, "is empty; expected a heading with the names of its columns");
    }

    private void emit(long first) {
        if (width < 0) width = fields.size();
        if (fields.size() != width) {
            throw InputException.at(
                    file, "line", first, "has " + fields.size() + " fields; the heading has " + width + " columns");
        }
        action.accept(first, fields);
    }

    /** Reads a row that begins with a character; returns the first character after it. */
    private int row(int start) throws IOException {
        int c = start;
        while (true) {
            c = c == '"' ? quoted() : plain(c);
            fields.add(field.toString());
            field.setLength(0);
            if (c != delimiter) break;
            c = reader.read();
        }
        if (c == '\r') {
            line++;
            c = reader.read();
            return c == '\n' ? reader.read() : c;
        }
        if (c == '\n') {
            line++;
            return reader.read();
        }
        return c;
    }

    private int plain(int start) throws IOException {
        int c = start;
        while (c >= 0 && c != delimiter && c != '\n' && c != '\r') {
            append(c);
            c = reader.read();
        }
        return c;
    }

    /** Reads a field after its opening quote; returns the first character after it. */
    private int quoted() throws IOException {
        long opened = line;
        while (true) {
            int c = reader.read();
            if (c < 0) throw InputException.at(file, "line", opened, "has a quote that is not closed");
            if (c == '"') {
                c = reader.read();
                if (c != '"') return afterQuote(c);
            }
            if (c == '\n') line++;
            append(c);
        }
    }

    private int afterQuote(int c) {
        if (c < 0 || c == delimiter || c == '\n' || c == '\r') return c;
        throw InputException.at(file, "line", line, "has text after a closing quote");
    }

    private void append(int c) {
        if (field.length() == LONGEST_FIELD) {
            throw InputException.at(
                    file,
                    "line",
                    line,
                    "has a field of more than " + LONGEST_FIELD + " characters; is a quote not closed?");
        }
        field.append((char) c);
    }
}
