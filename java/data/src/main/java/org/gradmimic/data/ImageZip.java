package org.gradmimic.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.tar.TarMember;

/** Images in a zip archive, read in the order of their ids without unpacking it. */
final class ImageZip implements ImageSource {
    private static final byte[] LOCAL_HEADER = {'P', 'K', 3, 4};
    private static final byte[] EMPTY_ARCHIVE = {'P', 'K', 5, 6};

    /** The most that deflate compresses; a member that claims more takes memory that its bytes do not justify. */
    private static final long HIGHEST_RATIO = 1100;

    private final Path path;
    private final ImageIndex index;
    private final DecodeSettings decoding;
    /** The names in the archive that are not the paths of the images. */
    private final Map<String, String> storedNames = new HashMap<>();

    ImageZip(Path path, ImageLayout layout, DecodeSettings decoding) throws IOException {
        this.path = path;
        this.decoding = decoding;
        ImagePaths found = layout.paths();
        Map<String, String> images = new HashMap<>();
        try (ZipFile zip = open()) {
            for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
                ZipEntry entry = entries.nextElement();
                String name = plain(entry.getName());
                if (entry.isDirectory()) {
                    found.addFolder(name);
                } else if (found.addFile(name)) {
                    check(entry, name);
                    if (images.put(name, entry.getName()) != null) {
                        throw InputException.in(path, "holds " + TarMember.shown(name) + " twice");
                    }
                    if (!name.equals(entry.getName())) storedNames.put(name, entry.getName());
                }
            }
        }
        this.index = layout.index(path.toString(), found);
    }

    /** Whether a file begins like a zip archive. */
    static boolean is(Path path) throws IOException {
        try (InputStream in = InputFiles.open(path)) {
            byte[] start = in.readNBytes(LOCAL_HEADER.length);
            return Arrays.equals(start, LOCAL_HEADER) || Arrays.equals(start, EMPTY_ARCHIVE);
        }
    }

    /** Names that are neither marked as UTF-8 nor in UTF-8 are read byte by byte, so that different names stay different. */
    private ZipFile open() throws IOException {
        try {
            return new ZipFile(path.toFile());
        } catch (ZipException e) {
            try {
                return new ZipFile(path.toFile(), StandardCharsets.ISO_8859_1);
            } catch (ZipException again) {
                throw InputException.in(
                        path, "truncated, damaged or encrypted archive (" + again.getMessage() + ")", again);
            }
        }
    }

    /** With {@code /} between folders, and without one at the end or {@code ./} at the start. */
    private String plain(String name) {
        String plain = name.replace('\\', '/');
        while (plain.startsWith("./")) plain = plain.substring(2);
        if (plain.length() > 1 && plain.endsWith("/")) plain = plain.substring(0, plain.length() - 1);
        if (Arrays.asList(plain.split("/", -1)).contains("..")) {
            throw InputException.in(
                    path, "member " + TarMember.shown(name) + " would leave the archive's folder ('..' in its path)");
        }
        return plain;
    }

    private void check(ZipEntry entry, String name) {
        long size = entry.getSize();
        if (size < 0 || size > Integer.MAX_VALUE - 8 || size > HIGHEST_RATIO * (entry.getCompressedSize() + 1)) {
            throw InputException.in(
                    path,
                    TarMember.shown(name) + " claims " + size + " bytes, compressed to " + entry.getCompressedSize()
                            + ", too many for an image");
        }
    }

    @Override
    public ImageIndex index() {
        return index;
    }

    @Override
    public SampleCursor cursor(Split split) throws IOException {
        return new Cursor(split);
    }

    /**
     * The content of an image, at the start of {@code target} if that has room for it. A claimed size takes no memory before
     * the bytes are read.
     */
    private byte[] read(ZipFile zip, String name, byte[] target) {
        String where = shown(name);
        ZipEntry entry = entry(zip, name);
        int size = (int) entry.getSize();
        try (InputStream in = zip.getInputStream(entry)) {
            boolean fits = target.length >= size;
            byte[] content = fits ? target : in.readNBytes(size);
            int read = fits ? in.readNBytes(content, 0, size) : content.length;
            CRC32 checksum = new CRC32();
            checksum.update(content, 0, read);
            if (read < size || in.read() >= 0 || checksum.getValue() != entry.getCrc()) {
                throw new InputException(where + ": is damaged: its length or checksum in the archive is wrong");
            }
            return content;
        } catch (IOException e) {
            throw new InputException(where + ": is damaged: " + e.getMessage(), e);
        }
    }

    private ZipEntry entry(ZipFile zip, String name) {
        ZipEntry entry = zip.getEntry(storedNames.getOrDefault(name, name));
        if (entry == null) throw InputException.in(path, "was changed while it was read; an image is gone: " + name);
        check(entry, name);
        return entry;
    }

    private String shown(String name) {
        return path + ": " + TarMember.shown(name);
    }

    @Override
    public SampleAccess access(Split split) throws IOException {
        List<String> paths = index.paths(split);
        ZipFile zip = open();
        return new SampleAccess() {
            @Override
            public ImageDecoder decoder() {
                return new ImageDecoder(decoding);
            }

            @Override
            public Mat read(int id, ImageDecoder decoder) {
                String name = paths.get(id);
                byte[] content = ImageZip.this.read(zip, name, new byte[0]);
                return decoder.decode(content, content.length, shown(name));
            }

            @Override
            public void close() throws IOException {
                zip.close();
            }
        };
    }

    private final class Cursor extends EncodedCursor {
        private final ZipFile zip;
        private final Iterator<String> paths;

        Cursor(Split split) throws IOException {
            super(decoding);
            zip = open();
            paths = index.paths(split).iterator();
        }

        @Override
        public boolean next() {
            if (!paths.hasNext()) return false;
            String name = paths.next();
            int size = (int) entry(zip, name).getSize();
            keep(read(zip, name, room(0)));
            current(shown(name), size, Objects.requireNonNull(index.find(name)));
            return true;
        }

        @Override
        public void close() throws IOException {
            super.close();
            zip.close();
        }
    }
}
