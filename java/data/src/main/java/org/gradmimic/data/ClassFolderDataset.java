package org.gradmimic.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.gradmimic.base.InputException;

/** Images in class folders, either in a folder or in an archive. */
final class ClassFolderDataset implements ImageDataset, SampleAccess.Provider {
    private final String spec;
    private final ImageSource source;
    private final ImageIndex index;
    private final ImageWarnings warnings;

    private ClassFolderDataset(String spec, ImageSource source, ImageWarnings warnings) {
        this.spec = spec;
        this.source = source;
        this.warnings = warnings;
        this.index = source.index();
    }

    static ClassFolderDataset open(String spec, String location, long maxPixels) {
        Path path = Path.of(location);
        if (location.isEmpty() || !Files.exists(path)) {
            throw new InputException("data set '" + spec + "': there is no folder or file '" + location + "'");
        }
        try {
            DecodeSettings decoding = new DecodeSettings(maxPixels);
            ImageSource source =
                    Files.isDirectory(path) ? new ImageFolder(path, decoding) : new ImageArchive(path, decoding);
            return new ClassFolderDataset(spec, source, decoding.warnings());
        } catch (IOException e) {
            throw InputException.in(location, "cannot be read: " + e, e);
        }
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
        List<String> notes = new ArrayList<>();
        index.skipped().forEach(text -> notes.add("skipped " + text));
        if (index.inFoldersOfClass() != null) {
            notes.add("every image is in a folder inside its class folder, such as " + index.inFoldersOfClass()
                    + "; if those folders are the classes, name the folder above them");
        }
        return notes;
    }

    @Override
    public ImageWarnings warnings() {
        return warnings;
    }

    @Override
    public ImageStream read(Split split, ImageSize size, int batchSize) {
        size(split);
        return Splits.stream(spec, size, batchSize, () -> source.cursor(split));
    }

    @Override
    public SampleAccess access(Split split) throws IOException {
        return source.access(split);
    }
}
