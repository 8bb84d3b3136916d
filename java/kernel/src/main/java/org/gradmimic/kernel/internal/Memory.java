package org.gradmimic.kernel.internal;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;

/** Operations on native memory whose owner closes it. */
public final class Memory {
    private Memory() {}

    /**
     * Removes a pointer from the {@link PointerScope} it was created in, so that a caller's scope does not free the
     * memory of an object here.
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
