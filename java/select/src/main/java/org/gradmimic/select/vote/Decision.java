package org.gradmimic.select.vote;

import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The decision of a {@link Binarizer} for one set of values.
 *
 * @param cut which values are kept
 * @param mixture the mixture that the cut comes from; for {@link Binarizer#mixture()} only
 * @param notes what a user should know about the values, for example that all are equal; usually empty
 */
public record Decision(Cut cut, @Nullable Mixture mixture, List<String> notes) implements Serializable {

    static Decision of(Cut cut) {
        return new Decision(cut, null, List.of());
    }

    /** All values are equal: there is one cluster, and it is kept. */
    static Decision allEqual() {
        return new Decision(Cut.ALL, null, List.of("all values are equal: all are kept"));
    }

    /** There are no values. Nothing is kept. */
    static Decision noValues() {
        return new Decision(Cut.NONE, null, List.of("no values"));
    }
}
