package org.gradmimic.io.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.jspecify.annotations.Nullable;

/** Valid values of all settings of a group. Immutable. */
public final class SettingValues {
    private final SettingGroup group;
    private final Map<Setting<?>, Object> given;

    private SettingValues(SettingGroup group, Map<Setting<?>, Object> given) {
        this.group = group;
        this.given = given;
    }

    /** Values of a group in which no value is given yet. */
    public static SettingValues of(SettingGroup group) {
        return new SettingValues(group, Map.of());
    }

    /**
     * These values with another value for one setting.
     *
     * @throws SettingException if the value is not valid
     * @throws InvalidArgumentException if the group does not have the setting
     */
    public <V> SettingValues with(Setting<V> setting, V value) {
        group.require(setting);
        Map<Setting<?>, Object> more = new LinkedHashMap<>(given);
        more.put(setting, setting.checked(value));
        return new SettingValues(group, more);
    }

    /** The settings of these values. */
    public SettingGroup group() {
        return group;
    }

    /**
     * The value that was given, otherwise the default.
     *
     * @throws SettingException if there is neither
     * @throws InvalidArgumentException if the group does not have the setting
     */
    public <V> V get(Setting<V> setting) {
        group.require(setting);
        V value = givenOrDefault(setting);
        if (value == null)
            throw new SettingException(SettingText.named(setting.name()).text(" is missing"));
        return value;
    }

    /**
     * The value of an optional setting.
     *
     * @return the value that was given, otherwise the default, otherwise null
     * @throws InvalidArgumentException if the group does not have the setting
     */
    public <V> @Nullable V find(Setting<V> setting) {
        group.require(setting);
        return givenOrDefault(setting);
    }

    /** Whether a value was given, even if it is the default. */
    public boolean isGiven(Setting<?> setting) {
        return given.containsKey(setting);
    }

    private <V> @Nullable V givenOrDefault(Setting<V> setting) {
        Object value = given.get(setting);
        return value == null ? setting.defaultValue() : setting.type().cast(value);
    }

    /** @throws SettingException if a setting that is not optional has neither a value nor a default */
    public void requireAll() {
        for (Setting<?> setting : group.settings()) {
            if (!setting.isOptional()) get(setting);
        }
    }

    /** One message for each reason why the run ignores settings that were given. */
    public List<SettingText> ignored() {
        Map<String, SettingText> messages = new LinkedHashMap<>();
        for (Setting<?> setting : group.settings()) {
            String by = isGiven(setting) ? setting.ignoredBy(this) : null;
            if (by != null)
                messages.merge(
                        by,
                        ignores(by, setting.name()),
                        (old, one) -> old.text(", ").setting(setting.name()));
        }
        return new ArrayList<>(messages.values());
    }

    /** A message which says that {@code by} does not use a setting or an input file that was given. */
    public static SettingText ignores(String by, String name) {
        return SettingText.of(by + " ignores ").setting(name);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SettingValues that && group == that.group && all().equals(that.all());
    }

    @Override
    public int hashCode() {
        return all().hashCode();
    }

    private Map<String, String> all() {
        Map<String, String> all = new LinkedHashMap<>();
        for (Setting<?> setting : group.settings()) all.put(setting.name(), String.valueOf(givenOrDefault(setting)));
        return all;
    }

    @Override
    public String toString() {
        return all().toString();
    }
}
