package org.gradmimic.io.sample;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.InputFiles;

/** The names of classes in the text file {@value #FILE}: one name a line, in UTF-8; a label is the number of its line. */
public final class ClassNames {
    /** The name of the file. */
    public static final String FILE = "classes.txt";

    private ClassNames() {}

    /**
     * Writes the names, whole or not at all.
     *
     * @param names a label is an index into this list
     * @throws InputException if a name has a line break, or the file cannot be written
     */
    public static void write(Path file, List<String> names) {
        for (String name : names) {
            if (name.indexOf('\n') >= 0 || name.indexOf('\r') >= 0) {
                throw InputException.in(file, "the class name '" + name + "' has a line break; rename the class");
            }
        }
        String text = names.isEmpty() ? "" : String.join("\n", names) + "\n";
        AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Reads the names.
     *
     * @throws InputException if the file is missing or not text
     */
    public static List<String> read(Path file) {
        InputFiles.requireRegular(file);
        try {
            return List.copyOf(Files.readAllLines(file));
        } catch (java.nio.charset.CharacterCodingException e) {
            throw InputException.in(file, "is not text (not UTF-8)", e);
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }
}
