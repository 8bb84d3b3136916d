package org.gradmimic.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;
import org.jspecify.annotations.Nullable;

/**
 * Named tensors in a file: safetensors, or the output of {@code torch.save(model.state_dict(), FILE)}. The whole file
 * is checked when it is opened, and no code in it is run. A tensor is read when it is asked for.
 */
public final class Weights implements AutoCloseable {
    /** "PK\3\4", the first bytes of zip archives. */
    private static final int ZIP = 0x504b0304;

    /** The largest number of characters in the description of an error in a file. */
    private static final int LONGEST = 600;

    private final Path path;
    private final Map<String, StoredTensor> tensors;
    private final Map<String, String> metadata;
    private final List<String> notes;
    private final Map<String, TensorFile> fileOf = new HashMap<>();
    private final List<TensorFile> files = new ArrayList<>();

    /** @param checkpoint every tensor lies within the file */
    Weights(Path path, long size, Checkpoint checkpoint, Map<String, String> metadata) {
        this.path = path;
        this.tensors = checkpoint.tensors();
        this.notes = checkpoint.notes();
        this.metadata = metadata;
        TensorFile file = TensorFile.open(path, size);
        files.add(file);
        tensors.keySet().forEach(name -> fileOf.put(name, file));
    }

    /**
     * The tensors of several files.
     *
     * @param path of the index
     * @param parts by file name; this object closes them
     */
    Weights(Path path, Map<String, String> partOf, Map<String, Weights> parts) {
        this.path = path;
        this.metadata = Map.of();
        Map<String, StoredTensor> all = new LinkedHashMap<>();
        IdentityHashMap<StoredTensor, TensorFile> places = new IdentityHashMap<>();
        partOf.forEach((name, part) -> {
            Weights weights = Objects.requireNonNull(parts.get(part));
            StoredTensor stored = weights.stored(name);
            all.put(name, stored);
            places.put(stored, weights.fileOf.get(name));
        });
        parts.values().forEach(weights -> files.addAll(weights.files));
        List<String> said =
                new ArrayList<>(List.of("read " + partOf.size() + " tensors from " + parts.size() + " files"));
        Checkpoint checkpoint = new Checkpoint(all, said).withoutPrefixes();
        this.tensors = checkpoint.tensors();
        this.notes = checkpoint.notes();
        tensors.forEach((name, stored) -> fileOf.put(name, places.get(stored)));
    }

    /**
     * Opens a file of either format, recognised by its content, or the index of a model that is stored in several files
     * ({@code model.safetensors.index.json}).
     *
     * @throws InputException if the file is missing, truncated, damaged, in another format, or would run code; the
     *     message names the file and the place
     */
    public static Weights open(Path path) {
        if (Files.isDirectory(path)) throw InputException.in(path, "is a folder, expected a file of weights");
        if (path.toString().endsWith(WeightsIndex.ENDING)) return WeightsIndex.read(path);
        return openOne(path, true);
    }

    /**
     * Opens a single file.
     *
     * @param plain whether prefixes of the names are removed
     */
    static Weights openOne(Path path, boolean plain) {
        try (FileChannel channel = InputFiles.channel(path)) {
            return isZip(channel) ? TorchFile.read(path, channel, plain) : Safetensors.read(path, channel, plain);
        } catch (NoSuchFileException e) {
            throw InputException.in(path, "there is no such file", e);
        } catch (IOException e) {
            throw InputException.in(path, "cannot be read: " + e.getMessage(), e);
        }
    }

    /** A safetensors file that began with these bytes would have a header of 67 MB. */
    static boolean isZip(FileChannel channel) throws IOException {
        return channel.size() >= Integer.BYTES
                && bytes(channel, 0, Integer.BYTES).getInt(0) == Integer.reverseBytes(ZIP);
    }

    /** A part of a file, little-endian. */
    static ByteBuffer bytes(FileChannel channel, long from, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, from + buffer.position()) < 0) throw new IOException("the file was truncated");
        }
        return buffer.flip();
    }

    /** Names of the tensors, in the file's order. */
    public List<String> names() {
        return List.copyOf(tensors.keySet());
    }

    /** The texts that the writer of a safetensors file may have added. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** Whether there is a tensor of this name. */
    public boolean contains(String name) {
        return tensors.containsKey(name);
    }

    /**
     * A tensor's shape.
     *
     * @throws InputException if there is no such tensor
     */
    public long[] shape(String name) {
        return stored(name).shape().clone();
    }

    /** The type of a tensor's numbers, under its safetensors name, such as "F32". */
    public String type(String name) {
        return stored(name).type().name();
    }

    /**
     * A tensor as it is stored. Each call reads it from the file.
     *
     * @return belongs to the caller's scope and outlives {@link #close}
     * @throws InputException if there is no such tensor, LibTorch cannot compute with its type, or the file was truncated
     *     after it was opened
     */
    public Tensor tensor(String name) {
        StoredTensor stored = stored(name);
        if (stored.type().scalarType() == null) {
            throw broken(path, "tensor '" + name + "' is " + stored.type() + ", which cannot be read");
        }
        return Objects.requireNonNull(fileOf.get(name)).tensor(stored);
    }

    /**
     * A copy of a float32 tensor.
     *
     * @param shape the required shape
     * @return float, contiguous; belongs to the caller's scope
     * @throws InputException if the tensor is missing, of another shape or not float32
     */
    Tensor copy(String name, long... shape) {
        StoredTensor stored = stored(name);
        if (!Arrays.equals(stored.shape(), shape)) {
            throw broken(
                    path,
                    "tensor '" + name + "' has the shape " + Arrays.toString(stored.shape()) + ", expected "
                            + Arrays.toString(shape));
        }
        if (stored.type() != ElementType.F32) {
            throw broken(path, "tensor '" + name + "' is " + stored.type() + ", expected F32");
        }
        Tensor copy = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            copy.put(Objects.requireNonNull(fileOf.get(name)).tensor(stored).contiguous());
        }
        return copy;
    }

    private StoredTensor stored(String name) {
        StoredTensor stored = tensors.get(name);
        if (stored == null) throw broken(path, "has no tensor '" + name + "'");
        return stored;
    }

    /** @param what describes the error; may contain text from the file */
    static InputException broken(Path path, @Nullable String what) {
        return InputException.in(path, shortened(what, LONGEST));
    }

    static InputException broken(Path path, @Nullable String what, Throwable cause) {
        return InputException.in(path, shortened(what, LONGEST), cause);
    }

    /** Text from a file, shortened for an error message. */
    static String shortened(@Nullable String text, int longest) {
        String whole = String.valueOf(text);
        return whole.length() <= longest ? whole : whole.substring(0, longest) + "...";
    }

    /** What was read from the file and what was skipped, one sentence each; empty for a plain state dict. */
    public List<String> notes() {
        return notes;
    }

    /** Closes the file; tensors taken from it stay valid. A second call does nothing. */
    @Override
    public void close() {
        files.forEach(TensorFile::close);
    }
}
