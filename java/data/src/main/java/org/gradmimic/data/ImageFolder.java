package org.gradmimic.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;

/** Images in a folder, read in the order of their ids. Symbolic links are followed. */
final class ImageFolder implements ImageSource {
    private final Path root;
    private final ImageIndex index;
    private final DecodeSettings decoding;

    ImageFolder(Path root, DecodeSettings decoding) throws IOException {
        this.root = root;
        this.decoding = decoding;
        ImagePaths found = new ImagePaths();
        try (Stream<Path> walk = Files.walk(root, FileVisitOption.FOLLOW_LINKS)) {
            for (Iterator<Path> paths = walk.iterator(); paths.hasNext(); ) {
                Path path = paths.next();
                if (!path.equals(root)) {
                    String relative = root.relativize(path).toString().replace('\\', '/');
                    if (Files.isDirectory(path)) found.addFolder(relative);
                    else found.addFile(relative);
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        this.index = new ImageIndex(root.toString(), found);
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
                Path path = root.resolve(paths.get(id));
                byte[] content;
                try (InputStream in = InputFiles.open(path)) {
                    content = in.readAllBytes();
                }
                return decoder.decode(content, content.length, path.toString());
            }

            @Override
            public void close() {}
        };
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
            Path path = root.resolve(relative);
            try (InputStream in = InputFiles.open(path)) {
                long size = Files.size(path);
                if (size > Integer.MAX_VALUE - 8) {
                    throw InputException.in(path, "has " + size + " bytes, too many for an image");
                }
                int read = in.readNBytes(room((int) size), 0, (int) size);
                current(path.toString(), read, Objects.requireNonNull(index.find(relative)));
                return true;
            } catch (IOException e) {
                throw InputException.in(path, "cannot be read: " + e, e);
            }
        }
    }
}
