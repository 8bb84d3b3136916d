package org.gradmimic.base;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Bad input that the user can fix: a file, a folder, or the data in it.
 *
 * <p>The message names the file, argument, sample or shape and says what was expected. {@link #file} and {@link
 * #position} provide the place to programs, if it is known.
 */
public final class InputException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    private final @Nullable String file;
    private final long position;

    /**
     * @param message what is wrong and what was expected, complete enough to be shown alone
     */
    public InputException(String message) {
        this(message, null);
    }

    /**
     * @param message what is wrong and what was expected, complete enough to be shown alone
     * @param cause the failure underneath, kept for debugging and not shown
     */
    public InputException(String message, @Nullable Throwable cause) {
        this(null, -1, message, cause);
    }

    private InputException(@Nullable String file, long position, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.file = file;
        this.position = position;
    }

    /**
     * Bad input in a file.
     *
     * @param file the file or folder, as the user named it
     * @param problem what is wrong and what was expected; the message is {@code FILE: PROBLEM}
     */
    public static InputException in(Object file, String problem) {
        return in(file, problem, null);
    }

    /**
     * Bad input in a file.
     *
     * @param file the file or folder, as the user named it
     * @param problem what is wrong and what was expected; the message is {@code FILE: PROBLEM}
     * @param cause the failure underneath, kept for debugging and not shown
     */
    public static InputException in(Object file, String problem, @Nullable Throwable cause) {
        return new InputException(file.toString(), -1, file + ": " + problem, cause);
    }

    /**
     * Bad input at one place of a file.
     *
     * @param file the file or folder, as the user named it
     * @param unit what is counted: byte, row, line, record or sample
     * @param position of the fault, counted as the unit is counted in messages
     * @param problem what is wrong and what was expected; the message is {@code FILE: UNIT POSITION: PROBLEM}
     */
    public static InputException at(Object file, String unit, long position, String problem) {
        return new InputException(
                file.toString(), position, file + ": " + unit + " " + position + ": " + problem, null);
    }

    /** {@return the file or folder at fault, or null if the fault is not in one file} */
    public @Nullable String file() {
        return file;
    }

    /** {@return the byte, row, line, record or sample at fault, if it is known} */
    public OptionalLong position() {
        return position < 0 ? OptionalLong.empty() : OptionalLong.of(position);
    }
}
