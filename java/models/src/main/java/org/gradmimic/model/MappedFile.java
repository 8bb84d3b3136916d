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
 * A file in memory, page by page as it is touched. Tensors that lie in it are views and keep it mapped, closed or not;
 * what is written to them does not reach the file. The file must not be cut short meanwhile: replace it by a rename.
 */
final class MappedFile implements AutoCloseable {
    private final Tensor bytes;
    private boolean closed;

    /**
     * @param size the file's length, at least 1
     * @throws InputException if it can't be mapped
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
     * A tensor of the file, whose place was checked; belongs to the caller's scope. Copied only where its place is no
     * multiple of its elements' size.
     */
    Tensor tensor(StoredTensor stored) {
        if (closed) throw new InvalidStateException("this file is closed");
        ScalarType type = stored.type().scalarType();
        if (type == null) throw new InvalidArgumentException(stored.type() + " is not read");
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

    /** Lets go of the file; tensors taken from it stay. A second call does nothing. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        bytes.deallocate();
    }
}
