package org.gradmimic.io.run;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.gradmimic.base.InvalidArgumentException;

/**
 * All settings of a command, in the order of help and files. Values can only be given and read for these settings, so
 * every setting that a run depends on is in this list.
 */
public final class SettingGroup {
    private final List<Setting<?>> settings;
    private final Set<Setting<?>> members;

    private SettingGroup(List<Setting<?>> settings) {
        this.settings = settings;
        members = Set.copyOf(settings);
    }

    /** @throws InvalidArgumentException if two settings have the same name */
    public static SettingGroup of(Setting<?>... settings) {
        Set<String> names = new HashSet<>();
        for (Setting<?> setting : settings) {
            if (!names.add(setting.name())) {
                throw new InvalidArgumentException("there are two settings named " + setting.name());
            }
        }
        return new SettingGroup(List.of(settings));
    }

    /** The settings in order. */
    public List<Setting<?>> settings() {
        return settings;
    }

    void require(Setting<?> setting) {
        if (!members.contains(setting)) {
            throw new InvalidArgumentException(setting.name() + " is not in the list of settings");
        }
    }
}
