package org.gradmimic.select.reshard;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.tar.TarReader;
import org.jspecify.annotations.Nullable;

/** The samples of a shard, one after the other; one is in memory at a time. Files that belong to no sample are left out. */
final class SampleReader implements AutoCloseable {
    /** Far above any image and its caption, far below what an array holds. */
    private static final long MAX_BYTES = 1L << 30;

    private final Path shard;
    private final TarReader tar;
    private @Nullable TarArchiveEntry ahead;
    private boolean begun;

    SampleReader(Path shard) {
        this.shard = shard;
        try {
            this.tar = new TarReader(shard);
        } catch (IOException e) {
            throw InputException.in(shard, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }

    /**
     * Reads the next sample.
     *
     * @return null at the end, after all of the file was checked
     * @throws InputException if the shard is damaged or ends early, or a sample is too large
     */
    @Nullable
    Sample next() {
        if (!begun) {
            begun = true;
            ahead = nextFile();
        }
        TarArchiveEntry entry = ahead;
        if (entry == null) {
            return null;
        }
        Sample sample = new Sample(key(entry));
        long bytes = 0;
        while (entry != null && key(entry).equals(sample.key()) && sample.member(extension(entry)) == null) {
            bytes += entry.getSize();
            if (bytes > MAX_BYTES) {
                throw InputException.in(shard, "sample " + sample.key() + " has more than " + MAX_BYTES + " bytes");
            }
            byte[] content = new byte[(int) entry.getSize()];
            tar.read(content, content.length);
            sample.members().add(new Sample.Member(entry, extension(entry), content));
            entry = nextFile();
        }
        ahead = entry;
        return sample;
    }

    private @Nullable TarArchiveEntry nextFile() {
        TarArchiveEntry entry = tar.next();
        while (entry != null && (!entry.isFile() || Sample.keyEnd(TarReader.name(entry)) < 0)) {
            entry = tar.next();
        }
        return entry;
    }

    private static String key(TarArchiveEntry entry) {
        String name = TarReader.name(entry);
        return name.substring(0, Sample.keyEnd(name));
    }

    private static String extension(TarArchiveEntry entry) {
        String name = TarReader.name(entry);
        return name.substring(Sample.keyEnd(name) + 1);
    }

    @Override
    public void close() {
        try {
            tar.close();
        } catch (IOException e) {
            throw InputException.in(shard, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }
}
