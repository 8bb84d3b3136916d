package org.gradmimic;

import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Every test in a scope of its own: the tensors it makes go with it. */
public final class OwnScope implements BeforeEachCallback, AfterEachCallback {
    private PointerScope scope;

    @Override
    public void beforeEach(ExtensionContext context) {
        scope = new PointerScope();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        scope.close();
    }
}
