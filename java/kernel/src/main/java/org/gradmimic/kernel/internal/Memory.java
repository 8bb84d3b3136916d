package org.gradmimic.kernel.internal;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;

/** Native memory whose owner closes it. */
public final class Memory {
    private Memory() {}

    /**
     * Takes a pointer out of the {@link PointerScope} it was made in, so that a caller's scope does not free what an
     * object here owns.
     */
    public static <P extends Pointer> P detached(P pointer) {
        PointerScope scope = PointerScope.getInnerScope();
        if (scope != null) {
            pointer.retainReference();
            scope.detach(pointer);
        }
        return pointer;
    }
}
