package org.gradmimic.kernel.internal;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.kernel.NativeLibrary;
import org.gradmimic.kernel.OpenResources;
import org.jspecify.annotations.Nullable;

/**
 * Scratch memory of the kernels, which allocate nothing themselves: grows to the largest request and stays there. Belongs
 * to one thread, and one stream, at a time. {@link OpenResources} counts those not closed yet.
 */
public final class Workspace implements AutoCloseable {
    /** Where the memory comes from. */
    @FunctionalInterface
    public interface Allocator {
        /** Memory that the kernels of a provider can use; freed by whoever closes the block. */
        Block allocate(long bytes);
    }

    /** Memory of an {@link Allocator}. */
    public interface Block extends AutoCloseable {
        /** {@return where the memory begins} */
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

    /** Of host memory. */
    public Workspace() {
        this(bytes -> new HostBlock(Memory.detached(new BytePointer(bytes))));
    }

    /** Of whatever memory the allocator gives. */
    public Workspace(Allocator allocator) {
        NativeLibrary.require();
        this.allocator = allocator;
        size = Memory.detached(new SizeTPointer(1));
        OpenResources.opened();
    }

    /** Where the kernels write how much they need. */
    SizeTPointer size() {
        if (closed) throw new InvalidStateException("this workspace is closed");
        return size;
    }

    /** At least so much memory, of undefined content; valid until the next call or close. */
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

    /** Bytes held. */
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
