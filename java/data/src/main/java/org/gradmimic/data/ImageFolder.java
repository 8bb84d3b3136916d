package org.gradmimic.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.tar.TarMember;
import org.gradmimic.io.tar.TarNames;

/** Images in a folder, read in the order of their ids. Symbolic links are followed. */
final class ImageFolder implements ImageSource {
    /** Stands in Java's text of a path for bytes that are not in the system's encoding. */
    private static final char UNKNOWN = '\uFFFD';

    private final Path root;
    private final ImageIndex index;
    private final DecodeSettings decoding;
    /** The paths whose names have bytes that Java does not represent as text, by those names. */
    private final Map<String, Path> lossy = new HashMap<>();

    ImageFolder(Path root, ImageLayout layout, DecodeSettings decoding) throws IOException {
        this.root = root;
        this.decoding = decoding;
        ImagePaths found = layout.paths();
        if (layout.listed().isEmpty()) walk(found);
        else look(layout.listed(), found);
        this.index = layout.index(root.toString(), found);
    }

    private void walk(ImagePaths found) throws IOException {
        try (Stream<Path> walk = Files.walk(root, FileVisitOption.FOLLOW_LINKS)) {
            for (Iterator<Path> paths = walk.iterator(); paths.hasNext(); ) {
                Path path = paths.next();
                if (path.equals(root)) continue;
                String relative = name(path);
                if (Files.isDirectory(path)) found.addFolder(relative);
                else if (found.addFile(relative) && isLossy(path)) lossy.put(relative, path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void look(Collection<String> listed, ImagePaths found) {
        for (String relative : listed) {
            if (isFile(relative)) found.addFile(relative);
        }
    }

    private boolean isFile(String relative) {
        try {
            return Files.isRegularFile(root.resolve(relative));
        } catch (InvalidPathException e) {
            return false; // a text that no file can have as its name
        }
    }

    /** The path below the root. Java's text of a name that is not in the system's encoding would lose its bytes. */
    private String name(Path path) {
        if (!isLossy(path)) return root.relativize(path).toString().replace('\\', '/');
        String whole = path.toUri().getRawPath();
        int from = root.toUri().getRawPath().length();
        int end = whole.endsWith("/") ? whole.length() - 1 : whole.length(); // as that of a folder
        return TarNames.decode(bytes(whole.substring(from, end)));
    }

    private static boolean isLossy(Path path) {
        return path.toString().indexOf(UNKNOWN) >= 0;
    }

    /** The bytes of a name in a URI. */
    private static byte[] bytes(String name) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < name.length(); i++) {
            if (name.charAt(i) == '%') {
                bytes.write(Integer.parseInt(name, i + 1, i + 3, 16));
                i += 2;
            } else {
                bytes.write(name.charAt(i));
            }
        }
        return bytes.toByteArray();
    }

    @Override
    public ImageIndex index() {
        return index;
    }

    @Override
    public SampleCursor cursor(Split split) {
        return new Cursor(split);
    }

    @Override
    public SampleAccess access(Split split) {
        List<String> paths = index.paths(split);
        return new SampleAccess() {
            @Override
            public ImageDecoder decoder() {
                return new ImageDecoder(decoding);
            }

            @Override
            public Mat read(int id, ImageDecoder decoder) throws IOException {
                String relative = paths.get(id);
                byte[] content;
                try (InputStream in = InputFiles.open(path(relative))) {
                    content = in.readAllBytes();
                }
                return decoder.decode(content, content.length, shown(relative));
            }

            @Override
            public void close() {}
        };
    }

    private Path path(String relative) {
        Path known = lossy.get(relative);
        return known == null ? root.resolve(relative) : known;
    }

    private String shown(String relative) {
        return root + "/" + TarMember.shown(relative);
    }

    private final class Cursor extends EncodedCursor {
        private final Iterator<String> paths;

        Cursor(Split split) {
            super(decoding);
            paths = index.paths(split).iterator();
        }

        @Override
        public boolean next() {
            if (!paths.hasNext()) {
                return false;
            }
            String relative = paths.next();
            Path path = path(relative);
            try (InputStream in = InputFiles.open(path)) {
                long size = Files.size(path);
                if (size > Integer.MAX_VALUE - 8) {
                    throw InputException.in(path, "has " + size + " bytes, too many for an image");
                }
                int read = in.readNBytes(room((int) size), 0, (int) size);
                current(shown(relative), read, Objects.requireNonNull(index.find(relative)));
                return true;
            } catch (IOException e) {
                throw InputException.in(path, "cannot be read: " + e, e);
            }
        }
    }
}
