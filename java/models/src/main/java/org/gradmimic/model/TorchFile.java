package org.gradmimic.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;

/**
 * Reads the format that {@code torch.save} has written since torch 1.6: a zip archive of storages in their memory
 * layout, and a pickle that describes the tensors in them. A TorchScript archive also has programs, which are not run:
 * the tensors of its modules are read. torch never compresses storages and pickles, so this reader rejects those that
 * are.
 */
final class TorchFile {
    /** The pickle of a state dict of a hundred thousand tensors has about 20 MB. */
    private static final int MAX_PICKLE = 1 << 28;

    private static final String PICKLE = "data.pkl";
    private static final String ALONE = "save the state dict alone: torch.save(model.state_dict(), FILE)";

    /** The largest number of entries that an error names. */
    private static final int LISTED = 5;

    /** The number of characters of an entry's name that an error shows. */
    private static final int NAME = 100;

    private final FileChannel channel;
    private final Map<String, ZipArchiveEntry> entries;
    private final String folder;

    private TorchFile(FileChannel channel, Map<String, ZipArchiveEntry> entries, String folder) {
        this.channel = channel;
        this.entries = entries;
        this.folder = folder;
    }

    /** @throws InputException if the archive is damaged, is not a state dict, or would run code */
    static Weights read(Path path, FileChannel channel, boolean plain) throws IOException {
        Map<String, ZipArchiveEntry> entries = entries(path, channel);
        String pickle = entries.keySet().stream()
                .filter(name -> name.equals(PICKLE) || name.endsWith("/" + PICKLE))
                .min(Comparator.comparingInt(String::length))
                .orElseThrow(
                        () -> Weights.broken(path, "is a zip archive without " + PICKLE + "; it is not a torch file"));
        String folder = pickle.substring(0, pickle.length() - PICKLE.length());
        TorchFile file = new TorchFile(channel, entries, folder);
        try {
            file.requireLittleEndian();
            Checkpoint checkpoint = file.checkpoint();
            if (plain) checkpoint = checkpoint.withoutPrefixes();
            return new Weights(path, channel.size(), checkpoint, Map.of());
        } catch (InvalidArgumentException e) {
            throw Weights.broken(path, e.getMessage(), e);
        }
    }

    /** The entries by name. Each lies within the file, and none overlaps another. */
    private static Map<String, ZipArchiveEntry> entries(Path path, FileChannel channel) throws IOException {
        List<ZipArchiveEntry> found = new ArrayList<>();
        // The caller owns the channel, so the archive is not closed.
        try {
            ZipFile zip = ZipFile.builder().setSeekableByteChannel(channel).get();
            zip.getEntriesInPhysicalOrder().asIterator().forEachRemaining(found::add);
        } catch (IOException | RuntimeException e) {
            Throwable reason = e.getCause() == null ? e : e.getCause();
            String why = reason.getMessage() == null ? "" : " (" + reason.getMessage() + ")";
            throw Weights.broken(path, "its zip archive is damaged or truncated" + why, e);
        }
        Map<String, ZipArchiveEntry> entries = new HashMap<>();
        long end = 0;
        for (ZipArchiveEntry entry : found) {
            String what = "its entry '" + Weights.shortened(entry.getName(), NAME) + "'";
            long size = entry.getCompressedSize();
            long from = entry.getDataOffset();
            boolean stored = entry.getMethod() == ZipEntry.STORED;
            if (size < 0 || (stored && size != entry.getSize()) || from < 0 || from > channel.size() - size) {
                throw Weights.broken(path, what + " has " + size + " bytes from byte " + from + ", beyond the file");
            }
            if (from < end) throw Weights.broken(path, what + " overlaps the one before");
            end = from + size;
            if (entries.put(entry.getName(), entry) != null) throw Weights.broken(path, what + " is a duplicate");
        }
        return entries;
    }

    private void requireLittleEndian() throws IOException {
        ZipArchiveEntry order = entries.get(folder + "byteorder");
        if (order == null) return;
        String name = StandardCharsets.US_ASCII.decode(content(order, 16)).toString();
        if (!name.equals("little")) throw new InvalidArgumentException("its numbers are " + name + "-endian");
    }

    /** torch compresses only the text of programs. */
    private static void requireStored(ZipArchiveEntry entry) {
        if (entry.getMethod() != ZipEntry.STORED || entry.getGeneralPurposeBit().usesEncryption()) {
            throw new InvalidArgumentException("its entry '" + Weights.shortened(entry.getName(), NAME)
                    + "' is compressed or encrypted, which torch never does; save the file with torch");
        }
    }

    private ByteBuffer content(ZipArchiveEntry entry, int limit) throws IOException {
        requireStored(entry);
        if (entry.getSize() > limit) {
            throw new InvalidArgumentException("its '" + Weights.shortened(entry.getName(), NAME) + "' has "
                    + entry.getSize() + " bytes; at most " + limit + " are allowed");
        }
        return Weights.bytes(channel, entry.getDataOffset(), (int) entry.getSize());
    }

    private Checkpoint checkpoint() throws IOException {
        Object root = PickleReader.read(
                content(Objects.requireNonNull(entries.get(folder + PICKLE)), MAX_PICKLE), this::position);
        if (root instanceof PickleReader.Module module) return Checkpoint.of(module);
        if (!(root instanceof Map<?, ?> dictionary)) {
            throw new InvalidArgumentException("holds " + kind(root) + ", not a state dict; " + ALONE);
        }
        Checkpoint found = Checkpoint.find(dictionary);
        if (found != null) return found;
        List<String> held = new ArrayList<>();
        for (Map.Entry<?, ?> entry : dictionary.entrySet()) {
            if (held.size() == LISTED) break;
            held.add("'" + Weights.shortened(String.valueOf(entry.getKey()), NAME) + "' is " + kind(entry.getValue()));
        }
        throw new InvalidArgumentException(
                "has no state dict: " + (held.isEmpty() ? "it is empty" : String.join(", ", held))
                        + (dictionary.size() > LISTED ? ", …" : "") + "; looked for tensors in it and in its entries "
                        + String.join(", ", Checkpoint.WRAPPERS));
    }

    private static String kind(Object value) {
        if (value instanceof PickleReader.Opaque object) {
            return "an object of '" + object.name() + "'"
                    + (object.name().contains(".") ? ", which would run code" : "");
        }
        if (value instanceof StoredTensor) return "a tensor";
        if (value instanceof PickleReader.Module) return "a TorchScript module";
        if (value instanceof Map) return "a dictionary";
        if (value instanceof List || value instanceof PickleReader.Tuple) return "a list";
        if (value instanceof String) return "a text";
        if (value instanceof Number || value instanceof Boolean) return "a number";
        return "an object";
    }

    private long position(String key, long bytes) {
        ZipArchiveEntry entry = entries.get(folder + "data/" + key);
        if (entry == null)
            throw new InvalidArgumentException("lacks its storage '" + Weights.shortened(key, NAME) + "'");
        requireStored(entry);
        if (entry.getSize() != bytes) {
            throw new InvalidArgumentException("its storage '" + Weights.shortened(key, NAME) + "' has "
                    + entry.getSize() + " bytes, expected " + bytes);
        }
        return entry.getDataOffset();
    }

    /**
     * Whether a file that is not safetensors begins like a pickle: torch's older format, or the file of another
     * program.
     */
    static boolean isPickle(ByteBuffer start) {
        return (start.get(0) & 0xff) == 0x80 && start.get(1) >= 2 && start.get(1) <= 5;
    }

    static InputException legacy(Path path) {
        return Weights.broken(
                path,
                "is a bare pickle, the format of torch before 1.6; such a file may run code and cannot be read. Save it again:"
                        + " torch.save(torch.load(FILE, weights_only=True), NEW)");
    }
}
