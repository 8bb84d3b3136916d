package org.gradmimic.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.select.AtomicFile;
import org.gradmimic.select.InputException;

/**
 * A safetensors file: named tensors behind a header that runs no code when it is read. The header is checked in full when
 * the file is opened; tensors are mapped and copied one by one. Float32 only, so far.
 *
 * @see <a href="https://github.com/huggingface/safetensors">the format</a>
 */
public final class Safetensors implements AutoCloseable {
    private static final int LENGTH_BYTES = Long.BYTES;
    private static final long BLOCK = 1 << 24;

    private final Path path;
    private final FileChannel channel;
    private final long dataStart;
    private final SafetensorsHeader header;

    private Safetensors(Path path, FileChannel channel, long dataStart, SafetensorsHeader header) {
        this.path = path;
        this.channel = channel;
        this.dataStart = dataStart;
        this.header = header;
    }

    /**
     * Opens a file and checks that its header and its length agree.
     *
     * @throws InputException if the file is missing, truncated or not in the format; names the file and the place
     */
    public static Safetensors open(Path path) {
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            try {
                return read(path, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            throw new InputException(path + ": there is no such file", e);
        } catch (IOException e) {
            throw new InputException(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static Safetensors read(Path path, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < LENGTH_BYTES) throw broken(path, "has " + size + " bytes, too few for a header");
        long length = bytes(channel, 0, LENGTH_BYTES).getLong();
        // Unsigned in the file: what looks negative is too long as well.
        if (length < 2 || length > SafetensorsHeader.MAX_BYTES || length > size - LENGTH_BYTES) {
            throw broken(
                    path,
                    "announces a header of " + Long.toUnsignedString(length) + " bytes in a file of " + size
                            + "; it is truncated, or no safetensors file");
        }
        ByteBuffer encoded = bytes(channel, LENGTH_BYTES, (int) length);
        long dataStart = LENGTH_BYTES + length;
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(encoded).toString();
            return new Safetensors(path, channel, dataStart, SafetensorsHeader.parse(text, size - dataStart));
        } catch (CharacterCodingException e) {
            throw broken(path, "its header is no UTF-8 text; it is no safetensors file");
        } catch (IllegalArgumentException e) {
            throw broken(path, e.getMessage());
        }
    }

    private static ByteBuffer bytes(FileChannel channel, long from, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, from + buffer.position()) < 0) throw new IOException("the file was cut short");
        }
        return buffer.flip();
    }

    private static InputException broken(Path path, String what) {
        return new InputException(path + ": " + what);
    }

    /** Names of the tensors, in the header's order. */
    public List<String> names() {
        return List.copyOf(header.entries().keySet());
    }

    /** The texts a writer may add. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * A tensor's shape.
     *
     * @throws InputException if there is no such tensor
     */
    public long[] shape(String name) {
        return entry(name).shape().clone();
    }

    /**
     * Copies a tensor out of the file.
     *
     * @param name one of {@link #names}
     * @param shape what it must be
     * @return float, contiguous; belongs to the caller's scope
     * @throws InputException if it is missing, of another shape, not float32, or of 2 GiB or more
     */
    public Tensor tensor(String name, long... shape) {
        SafetensorsHeader.Entry entry = entry(name);
        if (!Arrays.equals(entry.shape(), shape)) {
            throw broken(
                    path,
                    "tensor '" + name + "' has the shape " + Arrays.toString(entry.shape()) + ", expected "
                            + Arrays.toString(shape));
        }
        if (!entry.dtype().equals("F32")) {
            throw broken(path, "tensor '" + name + "' is " + entry.dtype() + ", expected F32");
        }
        if (entry.bytes() > Integer.MAX_VALUE) {
            throw broken(path, "tensor '" + name + "' has " + entry.bytes() + " bytes; 2 GiB are too many");
        }
        Tensor copy = Tensors.empty(shape);
        if (entry.bytes() == 0) return copy;
        try (PointerScope scope = new PointerScope()) {
            // A map of its own for each: one buffer reaches no further than 2 GiB. Offsets need not be multiples of 4.
            ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, dataStart + entry.begin(), entry.bytes());
            buffer(copy, 0, (int) entry.bytes()).put(mapped);
        } catch (IOException e) {
            throw new InputException(path + ": cannot be read: " + e.getMessage(), e);
        }
        return copy;
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = header.entries().get(name);
        if (entry == null) throw broken(path, "has no tensor '" + name + "'");
        return entry;
    }

    /** Closes the file; a second call does nothing. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new InputException(path + ": cannot be closed: " + e.getMessage(), e);
        }
    }

    /**
     * Writes float tensors; the file appears whole or not at all.
     *
     * @param path where to
     * @param metadata texts to go with them
     * @param tensors by name, of any strides
     * @throws InputException if the file can't be written
     */
    public static void write(Path path, Map<String, String> metadata, Map<String, Tensor> tensors) {
        Map<String, SafetensorsHeader.Entry> entries = new LinkedHashMap<>();
        long at = 0;
        for (Map.Entry<String, Tensor> named : tensors.entrySet()) {
            Tensor tensor = named.getValue();
            if (tensor.scalar_type().intern() != torch.ScalarType.Float) {
                throw new IllegalArgumentException("tensor '" + named.getKey() + "' is "
                        + tensor.scalar_type().intern() + "; Float is expected");
            }
            long[] shape = new long[(int) tensor.dim()];
            Arrays.setAll(shape, tensor::size);
            long end = at + tensor.numel() * Float.BYTES;
            entries.put(named.getKey(), new SafetensorsHeader.Entry("F32", shape, at, end));
            at = end;
        }
        byte[] text = new SafetensorsHeader(metadata, entries).format().getBytes(StandardCharsets.UTF_8);
        ByteBuffer head = ByteBuffer.allocate(LENGTH_BYTES + text.length).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(text.length).put(text).flip();
        try (AtomicFile file = AtomicFile.create(path)) {
            file.writeAt(head, 0);
            long dataStart = LENGTH_BYTES + text.length;
            for (Map.Entry<String, Tensor> named : tensors.entrySet()) {
                write(file, dataStart + entries.get(named.getKey()).begin(), named.getValue());
            }
            file.commit();
        }
    }

    private static void write(AtomicFile file, long position, Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            Tensor laid = tensor.detach().contiguous();
            long total = laid.numel() * Float.BYTES;
            for (long from = 0; from < total; from += BLOCK) {
                file.writeAt(buffer(laid, from, (int) Math.min(BLOCK, total - from)), position + from);
            }
        }
    }

    /** Bytes of a contiguous tensor's memory; valid as long as the tensor. */
    private static ByteBuffer buffer(Tensor tensor, long from, int count) {
        BytePointer start = new BytePointer(tensor.data_ptr());
        return start.position(from).limit(from + count).asByteBuffer();
    }
}
