package org.gradmimic.kernel;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.jspecify.annotations.Nullable;

/**
 * Scratch memory of the kernels, which allocate nothing themselves: grows to the largest request and stays there. Belongs
 * to one thread at a time. {@link OpenResources} counts those not closed yet.
 */
public final class Workspace implements AutoCloseable {
    private final SizeTPointer size;
    private @Nullable BytePointer memory;
    private boolean closed;

    public Workspace() {
        NativeLibrary.require();
        size = Memory.detached(new SizeTPointer(1));
        OpenResources.opened();
    }

    /** Where the kernels write how much they need. */
    SizeTPointer size() {
        if (closed) throw new IllegalStateException("this workspace is closed");
        return size;
    }

    /** At least {@code bytes} of native memory, of undefined content; valid until the next call or close. */
    @Nullable
    Pointer reserve(long bytes) {
        if (bytes == 0) return null;
        BytePointer current = memory;
        if (current == null || current.capacity() < bytes) {
            if (current != null) current.deallocate();
            memory = current = Memory.detached(new BytePointer(bytes));
        }
        return current;
    }

    /** Bytes held. */
    public long bytes() {
        return memory == null ? 0 : memory.capacity();
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        size.deallocate();
        if (memory != null) memory.deallocate();
        memory = null;
    }
}
