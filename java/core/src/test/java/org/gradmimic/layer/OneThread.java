package org.gradmimic.layer;

import org.gradmimic.CpuThreads;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** For tests with thousands of steps that are too small to share: with one thread they take a tenth of the time. */
final class OneThread implements BeforeEachCallback, AfterEachCallback {
    private int before;

    @Override
    public void beforeEach(ExtensionContext context) {
        before = CpuThreads.libTorch();
        CpuThreads.limit(1);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        CpuThreads.limit(before);
    }
}
