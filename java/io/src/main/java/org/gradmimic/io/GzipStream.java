package org.gradmimic.io;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * The content of a gzip file with all its members, one after the other. {@link java.util.zip.GZIPInputStream} ends in silence
 * at the first bytes after a member that are not another one, so that the rest of a joined file would be lost. Here only
 * zeros may follow the last member.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc1952">RFC 1952</a>
 */
public final class GzipStream extends InputStream {
    private static final int ID1 = 0x1f;
    private static final int ID2 = 0x8b;
    private static final int DEFLATE = 8;
    private static final int HEADER_CHECKSUM = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;

    private final InputStream in;
    private final byte[] buffer;
    private int at;
    private int end;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 checksum = new CRC32();
    private boolean ended;

    /**
     * Reads the first header.
     *
     * @param in closed with this stream
     * @param bufferBytes the number of bytes read at a time
     * @throws ZipException if it is not a gzip file
     * @throws EOFException if it ends within the header
     */
    public GzipStream(InputStream in, int bufferBytes) throws IOException {
        this.in = in;
        this.buffer = new byte[bufferBytes];
        try {
            if (next() != ID1) throw new ZipException("not in gzip format");
            header();
        } catch (IOException | RuntimeException e) {
            inflater.end();
            throw e;
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, target.length);
        if (length == 0) return 0;
        while (!ended) {
            int count = inflate(target, from, length);
            if (count > 0) {
                checksum.update(target, from, count);
                return count;
            }
            if (inflater.finished()) {
                at = end - inflater.getRemaining();
                trailer();
                ended = !anotherMember();
            } else if (inflater.needsDictionary()) {
                throw new ZipException("needs a dictionary, which gzip does not have");
            } else {
                if (at == end && !fill()) throw new EOFException("ends within compressed data");
                inflater.setInput(buffer, at, end - at);
                at = end;
            }
        }
        return -1;
    }

    private int inflate(byte[] target, int from, int length) throws ZipException {
        try {
            return inflater.inflate(target, from, length);
        } catch (DataFormatException e) {
            ZipException damaged =
                    new ZipException(e.getMessage() == null ? "damaged compressed data" : e.getMessage());
            damaged.initCause(e);
            throw damaged;
        }
    }

    /** Reads a header after its first byte. */
    private void header() throws IOException {
        if (byteWithin() != ID2) throw new ZipException("not in gzip format");
        if (byteWithin() != DEFLATE) throw new ZipException("an unknown compression method");
        int flags = byteWithin();
        for (int i = 0; i < 6; i++) byteWithin(); // time, extra flags, system
        if ((flags & EXTRA) != 0) {
            int length = byteWithin() | byteWithin() << 8;
            for (int i = 0; i < length; i++) byteWithin();
        }
        if ((flags & NAME) != 0) skipText();
        if ((flags & COMMENT) != 0) skipText();
        if ((flags & HEADER_CHECKSUM) != 0) {
            byteWithin();
            byteWithin();
        }
    }

    private void skipText() throws IOException {
        while (byteWithin() != 0) {
            // up to the zero that ends it
        }
    }

    private void trailer() throws IOException {
        if (number() != checksum.getValue() || number() != (inflater.getBytesWritten() & 0xffff_ffffL)) {
            throw new ZipException("Corrupt GZIP trailer");
        }
    }

    private long number() throws IOException {
        return byteWithin() | byteWithin() << 8 | byteWithin() << 16 | (long) byteWithin() << 24;
    }

    /** Whether another member follows; its header is then read. */
    private boolean anotherMember() throws IOException {
        int first = next();
        if (first == ID1) {
            header();
            inflater.reset();
            checksum.reset();
            return true;
        }
        // Some programs fill the last block with zeros.
        for (; first >= 0; first = next()) {
            if (first != 0) throw new ZipException("bytes that are not gzip follow its end");
        }
        return false;
    }

    private int byteWithin() throws IOException {
        int value = next();
        if (value < 0) throw new EOFException("ends within a gzip header or trailer");
        return value;
    }

    /** The next byte, −1 at the end. */
    private int next() throws IOException {
        return at < end || fill() ? buffer[at++] & 0xff : -1;
    }

    private boolean fill() throws IOException {
        int count = in.read(buffer, 0, buffer.length);
        at = 0;
        end = Math.max(0, count);
        return count > 0;
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        in.close();
    }
}
