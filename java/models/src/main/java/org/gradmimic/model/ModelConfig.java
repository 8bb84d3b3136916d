package org.gradmimic.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.Json;
import org.jspecify.annotations.Nullable;

/**
 * A model's JSON configuration. A reader requests every member by its name. {@link #finish} then rejects members that
 * were never requested, so that no setting of the architecture is silently ignored.
 */
final class ModelConfig {
    /** The largest numbers a configuration may contain, far above those of real models. */
    enum Limit {
        /** Blocks of one stage or tower. */
        LAYERS(1 << 12),
        /** Pixels of a side, of an image or a patch. */
        SIDE(1 << 14),
        /** Features, hidden units or heads. */
        WIDTH(1 << 20),
        /** Tokens of a text. */
        LENGTH(1 << 20),
        /** Classes, or tokens of a vocabulary. */
        CLASSES(1 << 24);

        private final int largest;

        Limit(int largest) {
            this.largest = largest;
        }

        int largest() {
            return largest;
        }

        boolean allows(@Nullable Object value) {
            return value instanceof Integer number && number >= 1 && number <= largest;
        }

        @Override
        public String toString() {
            return "from 1 to " + largest;
        }
    }

    private final String place;
    private final Map<String, Object> members;
    private final Set<String> known = new LinkedHashSet<>();

    private ModelConfig(String place, Map<String, Object> members) {
        this.place = place;
        this.members = members;
    }

    /** @throws InputException if the file is missing or is not a JSON object */
    static ModelConfig read(Path file) {
        InputFiles.requireRegular(file);
        if (!Files.isRegularFile(file)) throw InputException.in(file, "there is no such file");
        try {
            return parse(file.toString(), Files.readString(file));
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read as text: " + e.getMessage(), e);
        }
    }

    /** @param place the name of the text in error messages */
    static ModelConfig parse(String place, String text) {
        try {
            if (Json.value(text) instanceof Map<?, ?> object) return of(place, object);
        } catch (InvalidArgumentException e) {
            throw new InputException(place + ": " + e.getMessage(), e);
        }
        throw new InputException(place + ": expected a JSON object");
    }

    private static ModelConfig of(String place, Map<?, ?> object) {
        Map<String, Object> members = new LinkedHashMap<>();
        object.forEach((name, value) -> {
            if (value != null) members.put((String) name, value);
        });
        return new ModelConfig(place, members);
    }

    InputException wrong(String what) {
        return new InputException(place + ": " + what);
    }

    boolean has(String name) {
        return find(name) != null;
    }

    private @Nullable Object find(String name) {
        known.add(name);
        return members.get(name);
    }

    /** A whole number from 1 to a limit. */
    int positive(String name, Limit limit) {
        if (!has(name)) throw wrong("lacks " + name);
        return positive(name, 1, limit);
    }

    int positive(String name, int otherwise, Limit limit) {
        Object value = find(name);
        if (value == null) return otherwise;
        if (limit.allows(value)) return (Integer) value;
        throw wrong(name + " is " + value + "; expected a whole number " + limit);
    }

    /** A width times a number, rounded down. */
    int scaled(int width, String name, double otherwise) {
        Object value = find(name);
        double factor = value == null ? otherwise : value instanceof Number number ? number.doubleValue() : Double.NaN;
        if (factor > 0 && Limit.WIDTH.allows((int) (width * factor))) return (int) (width * factor);
        throw wrong(name + " is " + value + "; expected a factor that makes " + width + " a number " + Limit.WIDTH);
    }

    /** A number between 0 and 1, both excluded. */
    double fraction(String name, double otherwise) {
        Object value = find(name);
        if (value == null) return otherwise;
        if (value instanceof Number number && number.doubleValue() > 0 && number.doubleValue() < 1) {
            return number.doubleValue();
        }
        throw wrong(name + " is " + value + "; expected a number between 0 and 1");
    }

    boolean flag(String name) {
        Object value = find(name);
        if (value == null) return false;
        if (value instanceof Boolean flag) return flag;
        throw wrong(name + " is " + value + "; expected true or false");
    }

    String text(String name) {
        Object value = find(name);
        if (value instanceof String text) return text;
        throw wrong(value == null ? "lacks " + name : name + " is " + value + "; expected a text");
    }

    String textOr(String name, String otherwise) {
        return has(name) ? text(name) : otherwise;
    }

    /** A list of numbers, or one number. */
    List<Double> numbers(String name, List<Double> otherwise) {
        Object value = find(name);
        if (value == null) return otherwise;
        List<?> list = value instanceof List<?> several ? several : List.of(value);
        List<Double> numbers = new ArrayList<>();
        for (Object item : list) {
            if (!(item instanceof Number number)) throw wrong(name + " is " + value + "; expected numbers");
            numbers.add(number.doubleValue());
        }
        return numbers;
    }

    /** A list of whole numbers from 1 to a limit. */
    int[] positives(String name, int count, Limit limit) {
        if (find(name) instanceof List<?> list
                && list.size() == count
                && list.stream().allMatch(limit::allows)) {
            return list.stream().mapToInt(item -> (Integer) item).toArray();
        }
        throw wrong(name + " is " + find(name) + "; expected " + count + " whole numbers " + limit);
    }

    /** The pixels of a square's side: one number, or a list of two equal ones. */
    int side(String name, int otherwise) {
        if (find(name) instanceof List<?> list
                && list.size() == 2
                && list.get(0).equals(list.get(1))
                && Limit.SIDE.allows(list.get(0))) return (Integer) list.get(0);
        return positive(name, otherwise, Limit.SIDE);
    }

    /** A nested object, whose errors name it. */
    ModelConfig object(String name) {
        Object value = find(name);
        if (value instanceof Map<?, ?> object) return of(place + ": " + name, object);
        throw wrong(value == null ? "lacks " + name : name + " is not an object");
    }

    /** Accepts members that have no effect here, or of which only the value without effect is supported. */
    void only(String name, Object... served) {
        Object value = find(name);
        if (value == null || List.of(served).contains(value)) return;
        throw wrong(name + " is " + value + ", which is not supported; expected "
                + List.of(served).get(0) + ", or none");
    }

    /** The first of these members that is present, as "name value". */
    @Nullable
    String first(String... names) {
        ignore(names);
        for (String name : names) {
            if (has(name)) return name + " " + find(name);
        }
        return null;
    }

    /** Accepts members that have no effect here. */
    void ignore(String... names) {
        known.addAll(List.of(names));
    }

    /** Rejects members that were never requested. */
    void finish() {
        for (String name : members.keySet()) {
            if (!known.contains(name)) {
                throw wrong("has the unknown member " + name + "; the known members are " + String.join(", ", known));
            }
        }
    }
}
