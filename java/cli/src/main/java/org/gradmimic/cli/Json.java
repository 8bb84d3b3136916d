package org.gradmimic.cli;

import java.nio.file.Path;
import org.gradmimic.select.AtomicFile;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** JSON files of maps, lists, numbers and texts, for people and programs. */
final class Json {
    private static final ObjectWriter WRITER = JsonMapper.builder().build().writerWithDefaultPrettyPrinter();

    private Json() {}

    /** Writes the file whole or not at all. */
    static void write(Path file, Object root) {
        AtomicFile.write(file, WRITER.writeValueAsBytes(root));
    }

    /** JSON has no NaN: what was not measured is null. */
    static @Nullable Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
