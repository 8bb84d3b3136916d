package org.gradmimic.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.gradmimic.base.InputException;

/** Images in a folder or an archive, labelled by their class folders or by a manifest. */
final class StoredImageDataset implements ImageDataset, SampleAccess.Provider {
    private final String spec;
    private final ImageSource source;
    private final ImageIndex index;
    private final ImageWarnings warnings;

    private StoredImageDataset(String spec, ImageSource source, ImageWarnings warnings) {
        this.spec = spec;
        this.source = source;
        this.warnings = warnings;
        this.index = source.index();
    }

    static StoredImageDataset open(String spec, String location, long maxPixels) {
        Manifest manifest = Manifest.of(spec, location);
        Path path = manifest == null ? Path.of(location) : manifest.root();
        ImageLayout layout = manifest == null ? ImageLayout.CLASS_FOLDERS : manifest;
        if (path.toString().isEmpty() || !Files.exists(path)) {
            throw new InputException("data set '" + spec + "': there is no folder or file '" + path + "'");
        }
        try {
            DecodeSettings decoding = new DecodeSettings(maxPixels);
            return new StoredImageDataset(spec, source(path, layout, decoding), decoding.warnings());
        } catch (IOException e) {
            throw InputException.in(path, "cannot be read: " + e, e);
        }
    }

    private static ImageSource source(Path path, ImageLayout layout, DecodeSettings decoding) throws IOException {
        if (Files.isDirectory(path)) return new ImageFolder(path, layout, decoding);
        return ImageZip.is(path) ? new ImageZip(path, layout, decoding) : new ImageArchive(path, layout, decoding);
    }

    @Override
    public String spec() {
        return spec;
    }

    @Override
    public List<String> classNames() {
        return index.classNames();
    }

    @Override
    public List<Split> splits() {
        return Arrays.stream(Split.values())
                .filter(split -> !index.paths(split).isEmpty())
                .toList();
    }

    @Override
    public int size(Split split) {
        return Splits.require(this, split, index.paths(split).size());
    }

    @Override
    public long[] labels(Split split) {
        size(split);
        return index.labels(split);
    }

    @Override
    public String sampleName(Split split, long id) {
        return index.paths(split).get((int) Objects.checkIndex(id, size(split)));
    }

    @Override
    public Optional<ImageSize> nativeSize() {
        return Optional.empty();
    }

    @Override
    public List<String> layoutNotes() {
        return index.notes();
    }

    @Override
    public ImageWarnings warnings() {
        return warnings;
    }

    @Override
    public ImageStream read(Split split, ImageFit fit, int batchSize) {
        size(split);
        return Splits.stream(spec, fit, batchSize, () -> source.cursor(split));
    }

    @Override
    public SampleAccess access(Split split) throws IOException {
        return source.access(split);
    }
}
