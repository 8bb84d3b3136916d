package org.gradmimic.base;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A message that mentions settings. A library uses the setting's own name; a command line replaces it by the name of
 * its option ({@link #with}). Immutable.
 */
public final class SettingText {
    private record Part(String text, boolean setting) {}

    private final List<Part> parts;

    private SettingText(List<Part> parts) {
        this.parts = parts;
    }

    /** A message that begins with text. */
    public static SettingText of(String text) {
        return new SettingText(List.of(new Part(text, false)));
    }

    /** A message that begins with the name of a setting or an input file. */
    public static SettingText named(String name) {
        return new SettingText(List.of(new Part(name, true)));
    }

    /** This message, then text. */
    public SettingText text(String text) {
        return plus(new Part(text, false));
    }

    /** This message, then the name of a setting or an input file. */
    public SettingText setting(String name) {
        return plus(new Part(name, true));
    }

    private SettingText plus(Part part) {
        List<Part> longer = new ArrayList<>(parts);
        longer.add(part);
        return new SettingText(List.copyOf(longer));
    }

    /** The message with other names for the settings. */
    public String with(UnaryOperator<String> names) {
        StringBuilder message = new StringBuilder();
        for (Part part : parts) message.append(part.setting() ? names.apply(part.text()) : part.text());
        return message.toString();
    }

    /** The message with the settings' own names. */
    @Override
    public String toString() {
        return with(UnaryOperator.identity());
    }
}
