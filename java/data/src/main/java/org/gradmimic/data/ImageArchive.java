package org.gradmimic.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.gradmimic.base.InputException;
import org.gradmimic.io.tar.TarReader;

/**
 * Images in a tar archive; read in the archive's own order, without unpacking it. Opening it reads it once for the
 * names, so a damaged archive is found out before anything is computed.
 */
final class ImageArchive implements ImageSource {
    private final Path path;
    private final ImageIndex index;

    ImageArchive(Path path) throws IOException {
        this.path = path;
        Set<String> files = new LinkedHashSet<>();
        List<String> folders = new ArrayList<>();
        try (TarReader tar = new TarReader(path)) {
            for (TarArchiveEntry entry = tar.next(); entry != null; entry = tar.next()) {
                String name = TarReader.name(entry);
                if (entry.isDirectory()) {
                    folders.add(name);
                } else if (ImageIndex.isImage(name)) {
                    checkFile(entry, name);
                    if (!files.add(name)) {
                        throw InputException.in(path, "holds " + name + " twice");
                    }
                }
            }
        }
        this.index = new ImageIndex(path.toString(), files, folders);
    }

    @Override
    public ImageIndex index() {
        return index;
    }

    @Override
    public SampleCursor cursor(Split split) throws IOException {
        return new Cursor(split);
    }

    private void checkFile(TarArchiveEntry entry, String name) {
        if (!entry.isFile() || entry.isLink() || entry.isSymbolicLink()) {
            throw InputException.in(path, name + " is a link or no plain file; expected the image itself");
        }
        if (entry.getSize() > Integer.MAX_VALUE - 8) {
            throw InputException.in(path, name + " has " + entry.getSize() + " bytes, too many for an image");
        }
    }

    private final class Cursor extends EncodedCursor {
        private final TarReader tar;
        private final Split split;
        private int left;

        Cursor(Split split) throws IOException {
            this.tar = new TarReader(path);
            this.split = split;
            this.left = index.paths(split).size();
        }

        @Override
        public boolean next() {
            while (left > 0) {
                TarArchiveEntry entry = tar.next();
                if (entry == null) {
                    throw InputException.in(path, "was changed while it was read; " + left + " images are gone");
                }
                String name = TarReader.name(entry);
                ImageIndex.Entry place = entry.isFile() ? index.find(name) : null;
                if (place != null && place.split() == split) {
                    int bytes = (int) entry.getSize();
                    tar.read(room(bytes), bytes);
                    current(path + ": " + name, bytes, place);
                    left--;
                    return true;
                }
            }
            return false;
        }

        @Override
        public void close() throws IOException {
            super.close();
            tar.close();
        }
    }
}
