package org.gradmimic.io.npy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;

/**
 * A {@code .npz} file: {@code .npy} files in a zip archive, as {@code np.savez} writes them. {@code FILE.npz/NAME} names an
 * array as if the archive were a folder. {@code FILE.npz} alone is its only array.
 */
final class NpzArchive {
    private static final String ARRAY = ".npy";
    private static final int BLOCK = 1 << 16;

    private NpzArchive() {}

    /** Whether a path is a {@code .npz}, or names an array in one. */
    static boolean isIn(Path path) {
        return InputFiles.isArchive(InputFiles.onDisk(path));
    }

    /**
     * Copies the {@code .npy} file of an array into a temporary file.
     *
     * @throws InputException if there is no such array, it is too large, or the archive is damaged
     */
    static FileChannel open(Path path) throws IOException {
        Path archive = InputFiles.onDisk(path);
        InputFiles.requireRegular(archive);
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            ZipEntry entry = entry(zip, path, archive);
            if (entry.getSize() > NpyConversion.LIMIT) {
                throw InputException.in(
                        path,
                        "has " + entry.getSize() + " bytes in an archive, and at most " + NpyConversion.LIMIT
                                + " are unpacked; unpack " + archive.getFileName() + " and name the .npy file");
            }
            try (InputStream content = zip.getInputStream(entry)) {
                return copy(path, entry, content);
            }
        } catch (ZipException e) {
            throw InputException.in(archive, "is damaged or not a .npz file: " + e.getMessage(), e);
        }
    }

    private static ZipEntry entry(ZipFile zip, Path path, Path archive) throws NoSuchFileException {
        List<String> names = zip.stream()
                .map(ZipEntry::getName)
                .filter(name -> name.endsWith(ARRAY))
                .toList();
        String shown = String.join(
                ", ",
                names.stream()
                        .map(name -> name.substring(0, name.length() - ARRAY.length()))
                        .toList());
        if (archive.equals(path)) {
            if (names.size() == 1) return zip.getEntry(names.get(0));
            throw InputException.in(
                    path,
                    names.isEmpty()
                            ? "contains no array"
                            : "contains " + names.size() + " arrays, " + shown + "; name one of them, such as " + path
                                    + "/" + shown.split(",", 2)[0]);
        }
        String name = archive.relativize(path).toString().replace('\\', '/');
        ZipEntry entry = zip.getEntry(name.endsWith(ARRAY) ? name : name + ARRAY);
        if (entry == null) {
            throw InputException.in(archive, "contains no array " + name + "; it contains " + shown);
        }
        return entry;
    }

    private static FileChannel copy(Path path, ZipEntry entry, InputStream content) throws IOException {
        FileChannel target = NpyConversion.temporary();
        try {
            CheckedInputStream checked = new CheckedInputStream(content, new CRC32());
            byte[] block = new byte[BLOCK];
            long total = 0;
            for (int count = checked.read(block); count >= 0; count = checked.read(block)) {
                total += count;
                ByteBuffer bytes = ByteBuffer.wrap(block, 0, count);
                while (bytes.hasRemaining()) target.write(bytes);
            }
            if (total != entry.getSize() || checked.getChecksum().getValue() != entry.getCrc()) {
                throw InputException.in(path, "is damaged: its length or checksum in the archive is wrong");
            }
            return target;
        } catch (IOException | RuntimeException e) {
            target.close();
            throw e;
        }
    }
}
