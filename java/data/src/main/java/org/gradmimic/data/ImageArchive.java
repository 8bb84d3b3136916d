package org.gradmimic.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;
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

    /** Where the content of each image is in the file; empty for a compressed archive, which has no such places. */
    private final Map<String, Place> places = new HashMap<>();

    private record Place(long offset, int bytes) {}

    ImageArchive(Path path, ImageLayout layout, DecodeSettings decoding) throws IOException {
        this.path = path;
        this.decoding = decoding;
        ImagePaths found = layout.paths();
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
                    long offset = tar.contentOffset();
                    if (offset >= 0) places.put(name, new Place(offset, (int) member.size()));
                }
            }
        }
        this.index = layout.index(path.toString(), found);
    }

    @Override
    public ImageIndex index() {
        return index;
    }

    @Override
    public SampleCursor cursor(Split split) throws IOException {
        return new Cursor(split);
    }

    @Override
    public SampleAccess access(Split split) throws IOException {
        List<String> paths = index.paths(split);
        if (places.isEmpty()) {
            return StoredImages.of(path.toString(), paths.size(), new Cursor(split), decoding);
        }
        FileChannel channel = InputFiles.channel(path);
        return new SampleAccess() {
            @Override
            public ImageDecoder decoder() {
                return new ImageDecoder(decoding);
            }

            @Override
            public Mat read(int id, ImageDecoder decoder) throws IOException {
                String name = paths.get(id);
                Place place = Objects.requireNonNull(places.get(name));
                ByteBuffer content = ByteBuffer.allocate(place.bytes());
                while (content.hasRemaining()) {
                    if (channel.read(content, place.offset() + content.position()) < 0) {
                        throw InputException.in(path, "was truncated while it was read");
                    }
                }
                return decoder.decode(content.array(), place.bytes(), path + ": " + TarMember.shown(name));
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
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
