package org.gradmimic.kernel.internal;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.kernel.NativeLibrary;
import org.gradmimic.kernel.OpenResources;
import org.jspecify.annotations.Nullable;

/**
 * Scratch memory of the kernels, which allocate nothing themselves. It grows to the largest request and keeps that
 * size. Only one thread and one stream may use it at a time. {@link OpenResources} counts the workspaces that are not
 * closed.
 */
public final class Workspace implements AutoCloseable {
    /** The source of the memory. */
    @FunctionalInterface
    public interface Allocator {
        /** Allocates memory that the kernels of a provider can use; the caller closes the block, which frees it. */
        Block allocate(long bytes);
    }

    /** Memory of an {@link Allocator}. */
    public interface Block extends AutoCloseable {
        /** {@return the start of the memory} */
        Pointer memory();

        @Override
        void close();
    }

    private record HostBlock(BytePointer memory) implements Block {
        @Override
        public void close() {
            memory.deallocate();
        }
    }

    private final Allocator allocator;
    private final SizeTPointer size;
    private @Nullable Block block;
    private long bytes;
    private boolean closed;

    /** A workspace in host memory. */
    public Workspace() {
        this(bytes -> new HostBlock(Memory.detached(new BytePointer(bytes))));
    }

    /** A workspace in memory of the allocator. */
    public Workspace(Allocator allocator) {
        NativeLibrary.require();
        this.allocator = allocator;
        size = Memory.detached(new SizeTPointer(1));
        OpenResources.opened();
    }

    /** The variable to which kernels write the size that they need. */
    SizeTPointer size() {
        if (closed) throw new InvalidStateException("this workspace is closed");
        return size;
    }

    /** Memory of at least this size, with undefined content; valid until the next call or close. */
    @Nullable
    Pointer reserve(long wanted) {
        if (wanted == 0) return null;
        Block held = block;
        if (held == null || bytes < wanted) {
            free();
            held = allocator.allocate(wanted);
            block = held;
            bytes = wanted;
        }
        return held.memory();
    }

    /** The size of the memory, in bytes. */
    public long bytes() {
        return bytes;
    }

    private void free() {
        bytes = 0;
        if (block != null) block.close();
        block = null;
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        size.deallocate();
        free();
    }
}
