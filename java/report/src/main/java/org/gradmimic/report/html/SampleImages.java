package org.gradmimic.report.html;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.base.InputException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.ImageStream;
import org.gradmimic.data.Split;
import org.gradmimic.data.ThumbnailMaker;
import org.gradmimic.io.tar.TarMember;
import org.gradmimic.io.tar.TarReader;
import org.jspecify.annotations.Nullable;

/** Where the images of samples are: a folder, a tar or zip archive, or a data set that names its samples. */
final class SampleImages {
    /** Twice the size at which they are shown, for screens with fine pixels. */
    private static final int SIDE = 128;

    private static final Pattern SPEC = Pattern.compile("[a-z][a-z0-9]+:.*", Pattern.DOTALL);
    private static final Pattern MANIFEST =
            Pattern.compile("(.*\\.(?:csv|tsv|parquet))(?:,root=(.*))?", Pattern.DOTALL);
    private static final String IMAGES = "images:";
    private static final long LARGEST_FILE = 1L << 30;

    private final @Nullable Path folder;
    private final @Nullable Path archive;
    private final @Nullable String spec;
    private @Nullable ImageDataset opened;

    private SampleImages(@Nullable Path folder, @Nullable Path archive, @Nullable String spec) {
        this.folder = folder;
        this.archive = archive;
        this.spec = spec;
    }

    /**
     * The place that a person named.
     *
     * @param where a folder, a tar or zip archive, or the spec of a data set
     * @throws InputException if there is no such place
     */
    static SampleImages at(String where) {
        if (SPEC.matcher(where).matches() && !where.startsWith(IMAGES)) return new SampleImages(null, null, where);
        Path path = root(where.startsWith(IMAGES) ? where.substring(IMAGES.length()) : where);
        if (!Files.exists(path)) throw InputException.in(path, "no such folder or archive of images");
        boolean isFolder = Files.isDirectory(path);
        return new SampleImages(isFolder ? path : null, isFolder ? null : path, IMAGES + path);
    }

    /** Of a manifest, the folder or archive that its paths are relative to. */
    private static Path root(String where) {
        Matcher manifest = MANIFEST.matcher(where);
        if (!manifest.matches()) return Path.of(where);
        if (manifest.group(2) != null) return Path.of(manifest.group(2));
        return Path.of(manifest.group(1)).toAbsolutePath().resolveSibling("");
    }

    /** The place that a run names, which may be gone or never have had images; null if so. */
    static @Nullable SampleImages ofRun(String data) {
        try {
            SampleImages images = at(data);
            // Data sets that consist of files are opened only to see whether they are still there.
            if (images.folder == null && images.archive == null) images.dataset();
            return images;
        } catch (GradmimicException | InvalidPathException e) {
            return null;
        }
    }

    /** The data set, for the names of its samples. */
    ImageDataset dataset() {
        if (opened == null) opened = Datasets.openImages(spec == null ? "" : spec);
        return opened;
    }

    /**
     * Makes thumbnails. A sample whose image is missing or cannot be decoded gets none.
     *
     * @param wanted the place of each sample by its path or name
     * @param found receives the place and the JPEG of each
     */
    void read(Map<String, Integer> wanted, BiConsumer<Integer, byte[]> found) {
        try (ThumbnailMaker maker = new ThumbnailMaker(SIDE)) {
            if (folder != null) readFolder(folder, maker, wanted, found);
            else if (archive != null && archive.toString().endsWith(".zip")) readZip(archive, maker, wanted, found);
            else if (archive != null) readTar(archive, maker, wanted, found);
            else readDataset(maker, wanted, found);
        }
    }

    private static void readFolder(
            Path folder, ThumbnailMaker maker, Map<String, Integer> wanted, BiConsumer<Integer, byte[]> found) {
        Path root = folder.toAbsolutePath().normalize();
        wanted.forEach((name, place) -> {
            try {
                Path file = root.resolve(name).normalize();
                // A path of a data set does not lead out of its folder.
                if (!file.startsWith(root) || !Files.isRegularFile(file) || Files.size(file) > LARGEST_FILE) return;
                found.accept(place, maker.jpeg(Files.readAllBytes(file), name));
            } catch (IOException | InvalidPathException | InputException e) {
                // It is shown without an image.
            }
        });
    }

    private static void readTar(
            Path archive, ThumbnailMaker maker, Map<String, Integer> wanted, BiConsumer<Integer, byte[]> found) {
        int left = wanted.size();
        try (TarReader tar = new TarReader(archive)) {
            for (TarMember member = tar.next(); member != null && left > 0; member = tar.next()) {
                Integer place = member.kind() == TarMember.Kind.FILE ? wanted.get(member.name()) : null;
                if (place == null || member.size() > LARGEST_FILE) continue;
                left--;
                byte[] content = new byte[(int) member.size()];
                tar.read(content);
                try {
                    found.accept(place, maker.jpeg(content, member.name()));
                } catch (InputException e) {
                    // It is shown without an image.
                }
            }
        } catch (IOException e) {
            throw InputException.in(archive, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static void readZip(
            Path archive, ThumbnailMaker maker, Map<String, Integer> wanted, BiConsumer<Integer, byte[]> found) {
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            for (Map.Entry<String, Integer> sample : wanted.entrySet()) {
                ZipEntry entry = zip.getEntry(sample.getKey());
                if (entry == null || entry.isDirectory()) continue;
                try (InputStream in = zip.getInputStream(entry)) {
                    found.accept(sample.getValue(), maker.jpeg(in.readNBytes((int) LARGEST_FILE), sample.getKey()));
                } catch (ZipException | InputException e) {
                    // It is shown without an image.
                }
            }
        } catch (IOException e) {
            throw InputException.in(archive, "cannot be read: " + e.getMessage(), e);
        }
    }

    private void readDataset(ThumbnailMaker maker, Map<String, Integer> wanted, BiConsumer<Integer, byte[]> found) {
        ImageDataset dataset = dataset();
        ImageSize size = dataset.nativeSize().orElse(ImageSize.square(SIDE));
        for (Split split : dataset.splits()) {
            Map<Long, Integer> places = new HashMap<>();
            for (long id = 0; id < dataset.size(split); id++) {
                Integer place = wanted.get(dataset.sampleName(split, id));
                if (place != null) places.put(id, place);
            }
            int left = places.size();
            if (left == 0) continue;
            try (ImageStream stream = dataset.read(split, size, 256)) {
                for (ImageBatch batch = stream.next(); batch != null && left > 0; batch = stream.next()) {
                    for (int i = 0; i < batch.size(); i++) {
                        Integer place = places.get(batch.ids()[i]);
                        if (place == null) continue;
                        left--;
                        found.accept(place, maker.jpeg(batch.pixels(), i * size.rgbBytes(), size));
                    }
                }
            }
        }
    }
}
