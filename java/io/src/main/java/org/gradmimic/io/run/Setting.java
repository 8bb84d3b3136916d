package org.gradmimic.io.run;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.jspecify.annotations.Nullable;

/**
 * The declaration of one setting of a run. Immutable: methods that change something return a new declaration, so a
 * declaration is complete only when it is stored in its constant:
 *
 * <pre>{@code
 * static final Setting<Double> TEMPERATURE = Setting.real("temperature", "T", "Temperature of the softmax")
 *         .positive().defaultsTo(1.0);
 * }</pre>
 *
 * @param <V> the type of its values
 */
public final class Setting<V> {
    /** What a resumed run may do with the value with which the run was started. */
    public enum OnResume {
        /** The value must stay the same. */
        SAME,
        /** The value may stay the same or become larger. */
        MAY_GROW,
        /** The value may be any: the result does not depend on it. */
        ANY
    }

    private final String name;
    private final Class<V> type;
    private final String parameter;
    private final String description;
    private final Function<String, V> parser;
    private final List<V> choices;
    private final Function<V, @Nullable String> check;
    private final @Nullable V defaultValue;
    private final boolean optional;
    private final OnResume onResume;
    private final Function<SettingValues, @Nullable String> ignoredBy;

    private Setting(
            String name,
            Class<V> type,
            String parameter,
            String description,
            Function<String, V> parser,
            List<V> choices,
            Function<V, @Nullable String> check,
            @Nullable V defaultValue,
            boolean optional,
            OnResume onResume,
            Function<SettingValues, @Nullable String> ignoredBy) {
        this.name = name;
        this.type = type;
        this.parameter = parameter;
        this.description = description;
        this.parser = parser;
        this.choices = choices;
        this.check = check;
        this.defaultValue = defaultValue;
        this.optional = optional;
        this.onResume = onResume;
        this.ignoredBy = ignoredBy;
    }

    private static <V> Setting<V> of(
            String name,
            Class<V> type,
            String parameter,
            String description,
            Function<String, V> parser,
            List<V> choices) {
        return new Setting<>(
                name,
                type,
                parameter,
                description,
                parser,
                choices,
                value -> null,
                null,
                false,
                OnResume.SAME,
                values -> null);
    }

    /**
     * A real number. NaN and infinities are never valid.
     *
     * @param name in lower case, words joined by dashes, for example "batch-size"
     * @param parameter stands for the value in a synopsis, for example "B"
     * @param description one phrase, without a full stop
     */
    public static Setting<Double> real(String name, String parameter, String description) {
        return of(name, Double.class, parameter, description, Setting::parseReal, List.of())
                .valid("finite", x -> !x.isNaN() && !x.isInfinite());
    }

    /** A 32-bit integer; parameters as for {@link #real}. */
    public static Setting<Integer> whole(String name, String parameter, String description) {
        return of(name, Integer.class, parameter, description, Setting::parseWhole, List.of());
    }

    /** A 64-bit integer; parameters as for {@link #real}. */
    public static Setting<Long> wide(String name, String parameter, String description) {
        return of(name, Long.class, parameter, description, Setting::parseWide, List.of());
    }

    /** Any text; parameters as for {@link #real}. */
    public static Setting<String> text(String name, String parameter, String description) {
        return of(name, String.class, parameter, description, text -> text, List.of());
    }

    /**
     * A flag that is on or off, and off unless {@link #defaultsTo} sets another default; parameters as for {@link
     * #real}.
     */
    public static Setting<Boolean> flag(String name, String description) {
        return of(name, Boolean.class, "", description, Setting::parseFlag, List.of(false, true))
                .defaultsTo(false);
    }

    /**
     * One of several values, written as their {@code toString}. Case does not matter, and a dash is the same as an
     * underscore. Other parameters as for {@link #real}.
     */
    public static <E extends Enum<E>> Setting<E> choice(
            String name, String parameter, String description, Class<E> type) {
        return choice(name, parameter, description, List.of(type.getEnumConstants()));
    }

    /** As {@link #choice(String, String, String, Class)}, of some values of an enum; at least one. */
    public static <E extends Enum<E>> Setting<E> choice(
            String name, String parameter, String description, List<E> values) {
        return of(
                        name,
                        values.get(0).getDeclaringClass(),
                        parameter,
                        description,
                        text -> parseChoice(text, values),
                        values)
                .valid("one of " + words(values), values::contains);
    }

    /** This setting with a default value. */
    public Setting<V> defaultsTo(V value) {
        return new Setting<>(
                name, type, parameter, description, parser, choices, check, value, optional, onResume, ignoredBy);
    }

    /** This setting without a default that need not be given; {@link SettingValues#find} reads it. */
    public Setting<V> optional() {
        return new Setting<>(
                name, type, parameter, description, parser, choices, check, defaultValue, true, onResume, ignoredBy);
    }

    /**
     * This setting with another text for one of its values: a name from an earlier version, which help does not show.
     */
    public Setting<V> alias(String text, V value) {
        Function<String, V> both = given -> given.equalsIgnoreCase(text) ? value : parser.apply(given);
        return new Setting<>(
                name, type, parameter, description, both, choices, check, defaultValue, optional, onResume, ignoredBy);
    }

    /**
     * This setting, accepting only some of the values accepted before.
     *
     * @param words what a value must be, for example "positive"
     */
    public Setting<V> valid(String words, Predicate<V> valid) {
        Function<V, @Nullable String> both = value -> {
            String problem = check.apply(value);
            return problem != null || valid.test(value) ? problem : words;
        };
        return new Setting<>(
                name, type, parameter, description, parser, choices, both, defaultValue, optional, onResume, ignoredBy);
    }

    /** This setting, accepting only numbers above 0 and below 1. */
    public Setting<V> share() {
        return valid("between 0 and 1", value -> {
            double share = ((Number) value).doubleValue();
            return share > 0 && share < 1;
        });
    }

    /** This setting, accepting only numbers above 0. */
    public Setting<V> positive() {
        return valid("positive", value -> ((Number) value).doubleValue() > 0);
    }

    /** This setting, accepting only 0 and numbers above it. */
    public Setting<V> notNegative() {
        return valid("0 or more", value -> ((Number) value).doubleValue() >= 0);
    }

    /** This setting with a rule for resumed runs; {@link OnResume#SAME} unless this is called. */
    public Setting<V> onResume(OnResume rule) {
        return new Setting<>(
                name, type, parameter, description, parser, choices, check, defaultValue, optional, rule, ignoredBy);
    }

    /**
     * This setting, not used with some values of other settings.
     *
     * @param by what makes the run ignore this setting, for example "mode sgd"; null if the setting is used
     */
    public Setting<V> ignoredBy(Function<SettingValues, @Nullable String> by) {
        return new Setting<>(
                name, type, parameter, description, parser, choices, check, defaultValue, optional, onResume, by);
    }

    /** In lower case, words joined by dashes. */
    public String name() {
        return name;
    }

    /** The name in JSON: with underscores. */
    public String key() {
        return name.replace('-', '_');
    }

    /** The type of its values. */
    public Class<V> type() {
        return type;
    }

    /** The placeholder for the value in a synopsis; empty for a flag. */
    public String parameter() {
        return parameter;
    }

    /** One phrase, without a full stop. */
    public String description() {
        return description;
    }

    /** All values of a choice or a flag; empty for other settings. */
    public List<V> choices() {
        return choices;
    }

    /** The default value; null if a value must be given or the default follows from something else. */
    public @Nullable V defaultValue() {
        return defaultValue;
    }

    /** Whether it may have no value. */
    public boolean isOptional() {
        return optional;
    }

    /** What a resumed run may do with the value. */
    public OnResume onResume() {
        return onResume;
    }

    /**
     * Parses a value.
     *
     * @throws InvalidArgumentException if the text is not a value; the message continues after the name of the setting
     */
    public V parse(String text) {
        return parser.apply(text);
    }

    /** A value as text, which {@link #parse} turns into the same value. */
    public String format(V value) {
        return value.toString();
    }

    /** A value as in JSON: a number, a boolean or a text. */
    public Object json(V value) {
        return value instanceof Enum ? value.toString() : value;
    }

    /** @throws SettingException if the value is not valid */
    V checked(V value) {
        String must = check.apply(value);
        if (must != null) {
            throw new SettingException(SettingText.named(name).text(" is " + format(value) + "; it must be " + must));
        }
        return value;
    }

    /** What makes a run with these values ignore the setting; null if the run uses it. */
    @Nullable
    String ignoredBy(SettingValues values) {
        return ignoredBy.apply(values);
    }

    private static double parseReal(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new InvalidArgumentException("'" + text + "' is not a number", e);
        }
    }

    private static int parseWhole(String text) {
        long value = parseWide(text);
        if (value != (int) value) {
            throw new InvalidArgumentException(
                    text + " is outside [" + Integer.MIN_VALUE + ", " + Integer.MAX_VALUE + "]");
        }
        return (int) value;
    }

    private static long parseWide(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new InvalidArgumentException("'" + text + "' is not a whole number of at most 64 bits", e);
        }
    }

    private static boolean parseFlag(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new InvalidArgumentException("'" + text + "' is neither true nor false");
        };
    }

    private static <E extends Enum<E>> E parseChoice(String text, List<E> values) {
        for (E value : values) {
            if (value.toString().replace('-', '_').equalsIgnoreCase(text.replace('-', '_'))) return value;
        }
        throw new InvalidArgumentException("'" + text + "' is not one of " + words(values));
    }

    private static String words(List<?> values) {
        return values.stream().map(Object::toString).collect(Collectors.joining(", "));
    }

    @Override
    public String toString() {
        return name;
    }
}
