package org.gradmimic.model;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.Json;

/**
 * A model in several files, as Hugging Face stores it: {@code model.safetensors.index.json} names the file of every tensor.
 * The files are in the same folder as the index.
 */
final class WeightsIndex {
    static final String ENDING = ".index.json";

    private static final String MAP = "weight_map";

    private WeightsIndex() {}

    /** @throws InputException if the index or one of its files is missing or damaged, or they contradict each other */
    static Weights read(Path index) {
        Map<String, String> partOf = partOf(index);
        Map<String, Weights> parts = new LinkedHashMap<>();
        try {
            for (String part : partOf.values()) {
                if (!parts.containsKey(part)) parts.put(part, Weights.openOne(index.resolveSibling(part), false));
            }
            partOf.forEach((name, part) -> {
                if (!Objects.requireNonNull(parts.get(part)).contains(name)) {
                    throw Weights.broken(index, "names " + part + " as the file of '" + name + "', which it lacks");
                }
            });
            parts.forEach((part, weights) -> weights.names().forEach(name -> {
                if (!part.equals(partOf.get(name))) {
                    throw Weights.broken(index, "does not name '" + name + "', which is in " + part);
                }
            }));
            return new Weights(index, partOf, parts);
        } catch (RuntimeException e) {
            parts.values().forEach(Weights::close);
            throw e;
        }
    }

    /** The name of each tensor's file. */
    private static Map<String, String> partOf(Path index) {
        Object json;
        try {
            json = Json.value(text(index));
        } catch (InvalidArgumentException e) {
            throw Weights.broken(index, e.getMessage(), e);
        }
        if (!(json instanceof Map<?, ?> object && object.get(MAP) instanceof Map<?, ?> map) || map.isEmpty()) {
            throw Weights.broken(index, "has no object '" + MAP + "' with a file name for each tensor");
        }
        Map<String, String> partOf = new LinkedHashMap<>();
        map.forEach((name, part) -> {
            // Only files beside the index: the path comes from whoever wrote it.
            if (!(part instanceof String file) || file.isEmpty() || file.matches("\\.\\.?|.*[/\\\\\\p{Cntrl}].*")) {
                throw Weights.broken(index, "has '" + part + "' as the file of '" + name + "'; expected a file name");
            }
            partOf.put((String) name, file);
        });
        return partOf;
    }

    private static String text(Path index) {
        InputFiles.requireRegular(index);
        try {
            if (Files.size(index) > SafetensorsHeader.MAX_BYTES) {
                throw Weights.broken(index, "has " + Files.size(index) + " bytes, too many for an index");
            }
            return Files.readString(index, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw InputException.in(index, "there is no such file", e);
        } catch (IOException e) {
            throw InputException.in(index, "cannot be read: " + e, e);
        }
    }
}
