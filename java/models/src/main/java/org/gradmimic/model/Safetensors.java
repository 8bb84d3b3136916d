package org.gradmimic.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.AtomicFile;

/**
 * Safetensors files: named tensors behind a header. Reading them runs no code. The whole header is checked when the
 * file is opened.
 *
 * @see <a href="https://github.com/huggingface/safetensors">the format</a>
 */
public final class Safetensors {
    private static final int LENGTH_BYTES = Long.BYTES;
    private static final long BLOCK = 1 << 24;

    private Safetensors() {}

    static Weights read(Path path, FileChannel channel, boolean plain) throws IOException {
        long size = channel.size();
        if (size < LENGTH_BYTES) throw Weights.broken(path, "has " + size + " bytes, too few for a header");
        ByteBuffer start = Weights.bytes(channel, 0, LENGTH_BYTES);
        long length = start.getLong(0);
        // Unsigned in the file: a length that is negative here is too large as well.
        if (length < 2 || length > SafetensorsHeader.MAX_BYTES || length > size - LENGTH_BYTES) {
            if (TorchFile.isPickle(start)) throw TorchFile.legacy(path);
            throw Weights.broken(
                    path,
                    "announces a header of " + Long.toUnsignedString(length) + " bytes in a file of " + size
                            + "; it is truncated, or not a safetensors file");
        }
        ByteBuffer encoded = Weights.bytes(channel, LENGTH_BYTES, (int) length);
        long dataStart = LENGTH_BYTES + length;
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(encoded).toString();
            SafetensorsHeader header = SafetensorsHeader.parse(text, size - dataStart);
            Map<String, StoredTensor> tensors = new LinkedHashMap<>();
            header.entries()
                    .forEach((name, entry) -> tensors.put(
                            name, StoredTensor.contiguous(entry.type(), entry.shape(), dataStart + entry.begin())));
            Checkpoint checkpoint = new Checkpoint(tensors, List.of());
            return new Weights(path, size, plain ? checkpoint.withoutPrefixes() : checkpoint, header.metadata());
        } catch (CharacterCodingException e) {
            throw Weights.broken(path, "its header is not UTF-8 text; it is not a safetensors file");
        } catch (InvalidArgumentException e) {
            throw Weights.broken(path, e.getMessage(), e);
        }
    }

    /**
     * Writes tensors. The file appears whole or not at all.
     *
     * @param path the file
     * @param metadata texts to store with the tensors
     * @param tensors by name, with any strides; floating-point numbers, integers or booleans
     * @throws InputException if the file cannot be written
     */
    public static void write(Path path, Map<String, String> metadata, Map<String, Tensor> tensors) {
        Map<String, SafetensorsHeader.Entry> entries = new LinkedHashMap<>();
        long at = 0;
        for (Map.Entry<String, Tensor> named : tensors.entrySet()) {
            Tensor tensor = named.getValue();
            ElementType type = ElementType.of(tensor.scalar_type().intern());
            if (type == null) {
                throw new InvalidArgumentException("tensor '" + named.getKey() + "' is "
                        + tensor.scalar_type().intern() + ", which cannot be written");
            }
            long[] shape = new long[(int) tensor.dim()];
            Arrays.setAll(shape, tensor::size);
            long end = at + tensor.numel() * type.bytes();
            entries.put(named.getKey(), new SafetensorsHeader.Entry(type, shape, at, end));
            at = end;
        }
        byte[] text = new SafetensorsHeader(metadata, entries).format().getBytes(StandardCharsets.UTF_8);
        ByteBuffer head = ByteBuffer.allocate(LENGTH_BYTES + text.length).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(text.length).put(text).flip();
        try (AtomicFile file = AtomicFile.create(path)) {
            file.writeAt(head, 0);
            long dataStart = (long) LENGTH_BYTES + text.length;
            for (Map.Entry<String, Tensor> named : tensors.entrySet()) {
                write(
                        file,
                        dataStart
                                + Objects.requireNonNull(entries.get(named.getKey()))
                                        .begin(),
                        named.getValue());
            }
            file.commit();
        }
    }

    private static void write(AtomicFile file, long position, Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            Tensor laid = tensor.detach().contiguous();
            long total = laid.numel() * laid.element_size();
            for (long from = 0; from < total; from += BLOCK) {
                file.writeAt(buffer(laid, from, (int) Math.min(BLOCK, total - from)), position + from);
            }
        }
    }

    /** The bytes of a contiguous tensor's memory; valid as long as the tensor. */
    private static ByteBuffer buffer(Tensor tensor, long from, int count) {
        BytePointer start = new BytePointer(tensor.data_ptr());
        return start.position(from).limit(from + count).asByteBuffer();
    }
}
