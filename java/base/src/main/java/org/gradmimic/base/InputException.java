package org.gradmimic.base;

/**
 * An error the user caused and can repair: a file, a folder, an argument or the data in it.
 *
 * <p>The message is shown to the user as it is, without a stack trace, and the command line ends with exit code 2. It
 * therefore names the file, argument, sample or shape and says what was expected. Mistakes of a calling programmer are
 * {@link IllegalArgumentException} and {@link IllegalStateException} instead.
 */
public class InputException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what is wrong and what was expected, complete enough to be shown alone
     */
    public InputException(String message) {
        super(message);
    }

    /**
     * @param message what is wrong and what was expected, complete enough to be shown alone
     * @param cause the failure underneath, kept for debugging and not shown
     */
    public InputException(String message, Throwable cause) {
        super(message, cause);
    }
}
