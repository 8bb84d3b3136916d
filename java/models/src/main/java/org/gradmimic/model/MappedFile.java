package org.gradmimic.model;

import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Memory;

/**
 * A file mapped into memory, page by page on access. Tensors in it are views that keep it mapped even after it is
 * closed. Writing to a tensor does not change the file. The file must not be truncated while it is mapped: replace it
 * by renaming another one.
 */
final class MappedFile implements AutoCloseable {
    private final Tensor bytes;
    private boolean closed;

    /**
     * @param size the length of the file, at least 1
     * @throws InputException if it cannot be mapped
     */
    MappedFile(Path path, long size) {
        try (PointerScope scope = new PointerScope()) {
            bytes = Memory.detached(torch.from_file(
                    path.toString(),
                    new BoolOptional(false),
                    new LongOptional(size),
                    new TensorOptions(ScalarType.Byte)));
        } catch (RuntimeException e) {
            String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw InputException.in(path, "cannot be mapped: " + reason, e);
        }
        OpenResources.opened();
    }

    /**
     * A tensor of the file, whose place has been checked; belongs to the caller's scope. It is copied only if its
     * position is not a multiple of the size of its elements.
     */
    Tensor tensor(StoredTensor stored) {
        if (closed) throw new InvalidStateException("this file is closed");
        ScalarType type = stored.type().scalarType();
        if (type == null) throw new InvalidArgumentException(stored.type() + " cannot be read");
        if (stored.isEmpty()) {
            return torch.empty(stored.shape(), new TensorOptions(type), new MemoryFormatOptional());
        }
        int width = stored.type().bytes();
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            Tensor part = bytes.narrow(0, stored.position(), stored.span() * width);
            if (stored.position() % width != 0) part = part.clone();
            result.put(part.view(type).as_strided(stored.shape(), stored.strides()));
        }
        return result;
    }

    /** Closes the file; tensors taken from it stay valid. A second call does nothing. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        bytes.deallocate();
    }
}
