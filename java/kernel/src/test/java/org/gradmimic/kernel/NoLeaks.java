package org.gradmimic.kernel;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails every test, of every module that has this on its path, that leaves native memory open. */
public final class NoLeaks implements AfterEachCallback {
    @Override
    public void afterEach(ExtensionContext context) {
        long open = OpenResources.count();
        if (open == 0) return;
        // The next test starts anew; this one is blamed alone.
        for (long i = 0; i < open; i++) OpenResources.closed();
        throw new AssertionError(context.getDisplayName() + " left " + open + " objects with native memory open");
    }
}
