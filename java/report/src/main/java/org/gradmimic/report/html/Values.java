package org.gradmimic.report.html;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values of a JSON document whose types are not known: each is what is asked for, or it counts as missing. */
final class Values {
    private Values() {}

    /** The entries that are not null; empty if it is no object. */
    static Map<String, Object> map(@Nullable Object value) {
        Map<String, Object> map = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> entries) {
            entries.forEach((name, entry) -> {
                if (entry != null) map.put(String.valueOf(name), entry);
            });
        }
        return map;
    }

    /** Empty if it is no list. */
    static List<?> list(@Nullable Object value) {
        return value instanceof List<?> list ? list : List.of();
    }

    /** NaN if it is no number. */
    static double number(@Nullable Object value) {
        return value instanceof Number number ? number.doubleValue() : Double.NaN;
    }

    /** The entries that are texts, numbers or booleans. */
    static Map<String, Object> scalars(@Nullable Object value) {
        Map<String, Object> scalars = new LinkedHashMap<>();
        map(value).forEach((name, entry) -> {
            if (entry instanceof String || entry instanceof Number || entry instanceof Boolean)
                scalars.put(name, entry);
        });
        return scalars;
    }
}
