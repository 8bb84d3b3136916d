package org.gradmimic.select.reshard;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.jspecify.annotations.Nullable;

/** Writes a shard; it appears under its name whole or not at all, gzipped if the name says so. */
final class SampleWriter implements AutoCloseable {
    private static final int BUFFER = 1 << 18;

    private final AtomicFile file;
    private final OutputStream out;
    private final @Nullable Gzip gzip;
    private final TarArchiveOutputStream tar;

    SampleWriter(Path shard) {
        file = AtomicFile.create(shard);
        try {
            out = new BufferedOutputStream(Channels.newOutputStream(file.channel()), BUFFER);
            gzip = Shard.isGzipped(shard) ? new Gzip(out) : null;
            tar = new TarArchiveOutputStream(gzip == null ? out : gzip, "UTF-8");
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            tar.setAddPaxHeadersForNonAsciiNames(true);
        } catch (IOException e) {
            file.close();
            throw failure(e);
        }
    }

    /**
     * Appends a sample.
     *
     * @param copy 0 for the sample as it was; others get {@code -copy} behind the key, so that they are samples of their
     *     own
     */
    void write(Sample sample, int copy) {
        try {
            for (Sample.Member member : sample.members()) {
                String key = copy == 0 ? sample.key() : sample.key() + "-" + copy;
                TarArchiveEntry entry = new TarArchiveEntry(key + "." + member.extension());
                entry.setSize(member.content().length);
                entry.setMode(member.entry().getMode());
                entry.setModTime(member.entry().getLastModifiedTime());
                entry.setIds((int) member.entry().getLongUserId(), (int)
                        member.entry().getLongGroupId());
                entry.setNames(member.entry().getUserName(), member.entry().getGroupName());
                tar.putArchiveEntry(entry);
                tar.write(member.content());
                tar.closeArchiveEntry();
            }
        } catch (IOException e) {
            throw failure(e);
        }
    }

    /** Completes the archive in the temporary file; {@link #commit} alone is left to do. */
    void finish() {
        try {
            tar.finish();
            if (gzip != null) {
                gzip.finish();
            }
            out.flush(); // the archive's own flush stops before it
        } catch (IOException e) {
            throw failure(e);
        }
    }

    void commit() {
        file.commit();
    }

    @Override
    public void close() {
        if (gzip != null) {
            gzip.end();
        }
        file.close(); // not the streams over it, which would write on
    }

    private static final class Gzip extends GZIPOutputStream {
        Gzip(OutputStream out) throws IOException {
            super(out, BUFFER);
        }

        /** Frees the native memory. */
        void end() {
            def.end();
        }
    }

    private InputException failure(IOException e) {
        return new InputException("cannot write " + file.target() + ": " + AtomicFile.reason(e), e);
    }
}
