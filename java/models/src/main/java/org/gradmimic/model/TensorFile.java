package org.gradmimic.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.io.InputFiles;
import org.gradmimic.kernel.OpenResources;

/**
 * A file from which tensors are read. It is not mapped: if another program truncated a mapped file, the system would end
 * the JVM.
 */
final class TensorFile implements AutoCloseable {
    private static final long BLOCK = 1 << 24;

    private final Path path;
    private final FileChannel channel;
    private boolean closed;

    private TensorFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
        OpenResources.opened();
    }

    /**
     * @param size the length that the file must have
     * @throws InputException if it cannot be opened, or has another length
     */
    static TensorFile open(Path path, long size) {
        try {
            FileChannel channel = InputFiles.channel(path);
            if (channel.size() == size) return new TensorFile(path, channel);
            channel.close();
            throw InputException.in(path, "was changed while it was read");
        } catch (IOException e) {
            throw InputException.in(path, "cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * A tensor of the file, whose place has been checked; belongs to the caller's scope.
     *
     * @throws InputException if it cannot be read
     */
    Tensor tensor(StoredTensor stored) {
        if (closed) throw new InvalidStateException("this file is closed");
        ScalarType type = stored.type().scalarType();
        if (type == null) throw new InvalidArgumentException(stored.type() + " cannot be read");
        TensorOptions options = new TensorOptions(type);
        if (stored.isEmpty()) return torch.empty(stored.shape(), options, new MemoryFormatOptional());
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            Tensor span = torch.empty(new long[] {stored.span()}, options, new MemoryFormatOptional());
            read(
                    stored.position(),
                    new BytePointer(span.data_ptr()),
                    stored.span() * stored.type().bytes());
            result.put(span.as_strided(stored.shape(), stored.strides()));
        }
        return result;
    }

    private void read(long position, BytePointer target, long bytes) {
        try {
            for (long done = 0; done < bytes; ) {
                long count = Math.min(BLOCK, bytes - done);
                ByteBuffer block = target.position(done).limit(done + count).asByteBuffer();
                int read = channel.read(block, position + done);
                if (read < 0) throw InputException.in(path, "was truncated while it was read");
                done += read;
            }
        } catch (IOException e) {
            throw InputException.in(path, "cannot be read: " + e.getMessage(), e);
        }
    }

    /** Closes the file; tensors taken from it stay valid. A second call does nothing. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        try {
            channel.close();
        } catch (IOException e) {
            throw InputException.in(path, "cannot be closed: " + e.getMessage(), e);
        }
    }
}
