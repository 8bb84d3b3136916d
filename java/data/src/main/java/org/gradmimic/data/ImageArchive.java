package org.gradmimic.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.gradmimic.base.InputException;
import org.gradmimic.io.tar.TarMember;
import org.gradmimic.io.tar.TarReader;

/**
 * Images in a tar archive, read in the order of the archive without unpacking it. Opening the archive reads it once for
 * the names, so a damaged archive is detected before anything is computed.
 */
final class ImageArchive implements ImageSource {
    private final Path path;
    private final ImageIndex index;
    private final DecodeSettings decoding;

    ImageArchive(Path path, DecodeSettings decoding) throws IOException {
        this.path = path;
        this.decoding = decoding;
        ImagePaths found = new ImagePaths();
        Set<String> images = new HashSet<>();
        try (TarReader tar = new TarReader(path)) {
            for (TarMember member = tar.next(); member != null; member = tar.next()) {
                String name = member.name();
                if (member.kind() == TarMember.Kind.DIRECTORY) {
                    found.addFolder(name);
                } else if (found.addFile(name)) {
                    checkFile(member);
                    if (!images.add(name)) {
                        throw InputException.in(path, "holds " + member.shownName() + " twice");
                    }
                }
            }
        }
        this.index = new ImageIndex(path.toString(), found);
    }

    @Override
    public ImageIndex index() {
        return index;
    }

    @Override
    public SampleCursor cursor(Split split) throws IOException {
        return new Cursor(split);
    }

    private void checkFile(TarMember member) {
        if (member.kind() != TarMember.Kind.FILE) {
            throw InputException.in(
                    path,
                    member.shownName() + " is " + member.kind().words() + "; expected the image itself, stored whole");
        }
        if (member.size() > Integer.MAX_VALUE - 8) {
            throw InputException.in(
                    path, member.shownName() + " has " + member.size() + " bytes, too many for an image");
        }
    }

    private final class Cursor extends EncodedCursor {
        private final TarReader tar;
        private final Split split;
        private int left;

        Cursor(Split split) throws IOException {
            super(decoding);
            this.tar = new TarReader(path);
            this.split = split;
            this.left = index.paths(split).size();
        }

        @Override
        public boolean next() {
            while (left > 0) {
                TarMember member = tar.next();
                if (member == null) {
                    throw InputException.in(path, "was changed while it was read; " + left + " images are gone");
                }
                ImageIndex.Entry place = member.kind() == TarMember.Kind.FILE ? index.find(member.name()) : null;
                if (place != null && place.split() == split) {
                    int bytes = (int) member.size();
                    tar.read(room(bytes));
                    current(path + ": " + member.shownName(), bytes, place);
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
