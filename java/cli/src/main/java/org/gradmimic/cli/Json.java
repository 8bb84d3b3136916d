package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.Map;
import org.gradmimic.io.AtomicFile;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** JSON files, whole or absent. */
final class Json {
    private static final ObjectWriter WRITER = JsonMapper.builder().build().writerWithDefaultPrettyPrinter();

    private Json() {}

    static void write(Path file, Map<String, Object> content) {
        AtomicFile.write(file, WRITER.writeValueAsBytes(content));
    }

    /** JSON has no NaN: what was not measured is null. */
    static @Nullable Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
