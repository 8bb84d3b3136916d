package org.gradmimic.select.vote;

import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Binarizer}'s rule for one set of values.
 *
 * @param cut which values are kept
 * @param mixture the mixture it was taken from, of {@link Binarizer#mixture()} only
 * @param notes what a user should know about the values, such as that all are equal; usually empty
 */
public record Decision(Cut cut, @Nullable Mixture mixture, List<String> notes) implements Serializable {

    static Decision of(Cut cut) {
        return new Decision(cut, null, List.of());
    }

    /** All values are equal: there is one cluster, and it is kept. */
    static Decision allEqual() {
        return new Decision(Cut.ALL, null, List.of("all values are equal: all are kept"));
    }

    /** No values: whatever comes is kept by nobody. */
    static Decision noValues() {
        return new Decision(Cut.NONE, null, List.of("no values"));
    }
}
