package org.gradmimic.base;

import java.util.function.UnaryOperator;

/** A setting that is missing, not valid, or incompatible with another one. The message names it. */
public final class SettingException extends GradmimicException {
    private static final long serialVersionUID = 1;

    private final transient SettingText text;

    public SettingException(SettingText text) {
        super(text.toString());
        this.text = text;
    }

    /** The message with other names for the settings, such as a command line's options. */
    public String message(UnaryOperator<String> names) {
        return text.with(names);
    }
}
