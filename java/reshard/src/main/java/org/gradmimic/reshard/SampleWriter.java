package org.gradmimic.reshard;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.tar.TarMember;
import org.gradmimic.io.tar.TarReader;
import org.jspecify.annotations.Nullable;

/** Writes a shard, gzipped if its name says so. The shard is whole or absent. */
final class SampleWriter implements AutoCloseable {
    private static final int BUFFER = 1 << 18;
    private static final int END_BYTES = 1024;
    private static final int RECORD = 10240;

    private final AtomicFile file;
    private final OutputStream out;
    private final @Nullable Gzip gzip;
    private final OutputStream tar;
    private long written;

    SampleWriter(Path shard) {
        file = AtomicFile.create(shard);
        try {
            out = new BufferedOutputStream(Channels.newOutputStream(file.channel()), BUFFER);
            gzip = Shard.isGzipped(shard) ? new Gzip(out) : null;
            tar = gzip == null ? out : gzip;
        } catch (IOException e) {
            file.close();
            throw failure(e);
        }
    }

    /**
     * Appends a sample. The headers and contents of its members are unchanged, byte for byte; in a copy only the names
     * differ.
     *
     * @param copy 0 for the original; the key of other copies ends in {@code -copy}, so that they are separate samples
     */
    void write(Sample sample, int copy) {
        try {
            for (Sample.Member member : sample.members()) {
                TarMember header = member.header();
                append(
                        copy == 0
                                ? header.header()
                                : header.header("-" + copy, member.extension().length() + 1));
                append(member.content());
                append(new byte[TarReader.padding(member.content().length)]);
            }
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private void append(byte[] bytes) throws IOException {
        tar.write(bytes);
        written += bytes.length;
    }

    /** Completes the archive in the temporary file; only {@link #commit} is left to do. */
    void finish() {
        try {
            // Two blocks of zeros end an archive, and more zeros fill the last record.
            long whole = (written + END_BYTES + RECORD - 1) / RECORD * RECORD;
            append(new byte[(int) (whole - written)]);
            if (gzip != null) {
                gzip.finish();
            }
            out.flush(); // the flush of the archive stops before it
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
        file.close(); // not the streams above it, which would continue to write
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
