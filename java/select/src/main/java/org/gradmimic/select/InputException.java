package org.gradmimic.select;

/**
 * Something the user gave (a file, an argument, a folder to write into) can't be used. The message names it and says
 * what was expected; it is shown to the user as it is, and the command ends with exit code 2.
 */
public class InputException extends RuntimeException {

    /** @param message what is wrong with which input, in words meant for the user */
    public InputException(String message) {
        super(message);
    }

    /**
     * @param message what is wrong with which input, in words meant for the user
     * @param cause what was thrown underneath
     */
    public InputException(String message, Throwable cause) {
        super(message, cause);
    }
}
