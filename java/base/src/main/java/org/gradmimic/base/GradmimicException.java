package org.gradmimic.base;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The root of every exception that gradmimic throws on purpose. The message names the operation, the argument and the
 * shapes, or the file and the place in it. It can be shown without any addition.
 *
 * <p>A message is one line of bounded length, even if it repeats text from a file or an argument. Control characters
 * are shown as question marks, so no input can write lines into a log or move the cursor of a terminal.
 *
 * <table>
 * <caption>The exceptions</caption>
 * <tr><th>Exception</th><th>Meaning</th></tr>
 * <tr><td>{@link InputException}</td><td>bad input: a file, a folder or the data in it</td></tr>
 * <tr><td>{@link InvalidArgumentException}</td><td>a bad argument of a method</td></tr>
 * <tr><td>{@link InvalidStateException}</td><td>a call at the wrong time, such as after close</td></tr>
 * <tr><td>{@link NonFiniteException}</td><td>no finite score in a batch</td></tr>
 * <tr><td>{@link OutOfMemoryException}</td><td>native memory ran out, on the host or the device</td></tr>
 * <tr><td>{@link DeviceException}</td><td>a CUDA call failed; the subclasses tell whether the device is still
 * usable</td></tr>
 * <tr><td>{@link OperationInterruptedException}</td><td>the work was interrupted</td></tr>
 * <tr><td>{@link UnsupportedException}</td><td>a valid request that this build or device does not support</td></tr>
 * <tr><td>{@link LibraryLoadException}</td><td>a native library is missing or does not fit</td></tr>
 * <tr><td>{@link InternalException}</td><td>a bug in gradmimic</td></tr>
 * </table>
 */
public abstract class GradmimicException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final int MAX_MESSAGE = 4000;

    /** Of a longer message the end is kept too: it says what was expected. */
    private static final int KEPT_END = 1000;

    protected GradmimicException(String message) {
        super(oneLine(message));
    }

    protected GradmimicException(String message, @Nullable Throwable cause) {
        super(oneLine(message), cause);
    }

    private static String oneLine(String message) {
        String shown = message.length() <= MAX_MESSAGE
                ? message
                : message.substring(0, MAX_MESSAGE - KEPT_END) + "..." + message.substring(message.length() - KEPT_END);
        return shown.replaceAll("[\\p{Cc}\\u2028\\u2029]", "?");
    }

    /** The message; never null. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
