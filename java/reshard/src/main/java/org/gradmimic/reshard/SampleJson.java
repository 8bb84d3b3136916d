package org.gradmimic.reshard;

import java.util.List;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.Json;
import org.gradmimic.io.tar.TarMember;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads values of a sample's {@code .json}, an object. */
public final class SampleJson {
    private SampleJson() {}

    /**
     * The value of the first of these names that has one, as text.
     *
     * @param sample whose {@code .json} is read
     * @param names of values in the object, the first of which is preferred
     * @return null if the sample has no {@code .json}, or its object has none of these values
     * @throws InvalidArgumentException if the {@code .json} is not an object or not stored as a whole file; the message
     *     continues after the name of the sample
     */
    public static @Nullable String text(Sample sample, String... names) {
        Sample.Member json = sample.member("json");
        if (json == null) return null;
        if (json.header().kind() != TarMember.Kind.FILE) {
            throw new InvalidArgumentException(
                    "its .json is stored as " + json.header().kind().words() + "; expected it whole");
        }
        List<String> wanted = List.of(names);
        String found = null;
        int best = wanted.size();
        try (JsonParser parser = Json.parser(json.content())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new InvalidArgumentException("its .json is not an object");
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                int place = wanted.indexOf(parser.currentName());
                JsonToken value = parser.nextToken();
                if (place >= 0 && place < best && value != JsonToken.VALUE_NULL) {
                    found = parser.getValueAsString("");
                    best = place;
                    if (best == 0) return found;
                }
                parser.skipChildren();
            }
            return found;
        } catch (JacksonException e) {
            throw new InvalidArgumentException("its .json " + Json.reason(e), e);
        }
    }
}
