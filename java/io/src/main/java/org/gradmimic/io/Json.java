package org.gradmimic.io;

import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads JSON strictly: a duplicate name in an object, or text after the value, is an error. Writes JSON. */
public final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /**
     * Reads a value.
     *
     * @return a Map with its names in order, a List, String, Integer, Long, BigInteger, Double or Boolean, or null
     * @throws InvalidArgumentException if the text is not valid JSON; the message gives the reason and the place
     */
    public static @Nullable Object value(String text) {
        try {
            return MAPPER.readValue(text, Object.class);
        } catch (JacksonException e) {
            throw new InvalidArgumentException(reason(e), e);
        }
    }

    /**
     * Reads a value as a tree.
     *
     * @throws InvalidArgumentException if the text is not valid JSON; the message gives the reason and the place
     */
    public static JsonNode tree(String text) {
        try {
            JsonNode tree = MAPPER.readTree(text);
            if (tree.isMissingNode()) throw new InvalidArgumentException("is not valid JSON: there is no value");
            return tree;
        } catch (JacksonException e) {
            throw new InvalidArgumentException(reason(e), e);
        }
    }

    /** Reads token by token; the parser throws {@link JacksonException}. */
    public static JsonParser parser(byte[] utf8) {
        return MAPPER.tokenStreamFactory().createParser(ObjectReadContext.empty(), utf8);
    }

    /** A value as JSON in UTF-8, indented. */
    public static byte[] pretty(Object value) {
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(value);
    }

    /** A value as JSON in one line. */
    public static String compact(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    /** The value, or null if it is not finite: JSON has no NaN and no infinity. */
    public static @Nullable Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }

    /** The reason and place of an error in a JSON text: {@code is not valid JSON: …, line 1, column 3}. */
    public static String reason(JacksonException e) {
        String place = e.getLocation() == null
                ? ""
                : ", line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr();
        return "is not valid JSON: " + String.valueOf(e.getOriginalMessage()).replaceAll("\\s*\\R\\s*", " ") + place;
    }
}
