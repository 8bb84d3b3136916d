package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;

class GzipStreamTest {
    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) all.writeBytes(part);
        return all.toByteArray();
    }

    private static byte[] read(byte[] zipped, int buffer) throws IOException {
        try (GzipStream stream = new GzipStream(new ByteArrayInputStream(zipped), buffer)) {
            return stream.readAllBytes();
        }
    }

    /** A small buffer puts every boundary of headers and trailers between two reads. */
    @Test
    void readsEveryMemberWhateverTheBuffer() throws IOException {
        byte[] first = new byte[3000];
        new Random(1).nextBytes(first);
        byte[] second = new byte[100_000];
        byte[] zipped = joined(gzip(first), gzip(new byte[0]), gzip(second), new byte[700]);
        for (int buffer : new int[] {1, 2, 7, 512, 1 << 16}) {
            assertThat(read(zipped, buffer)).as("buffer of %d", buffer).isEqualTo(joined(first, second));
        }
    }

    @Test
    void readsOptionalFieldsOfTheHeader() throws IOException {
        byte[] plain = gzip(new byte[] {5, 6});
        byte[] header = Arrays.copyOf(plain, 10);
        header[3] = 2 | 4 | 8 | 16;
        byte[] fields = {3, 0, 9, 9, 9, 'n', 0, 'c', 'c', 0, 1, 2};
        byte[] zipped = joined(header, fields, Arrays.copyOfRange(plain, 10, plain.length));
        assertThat(read(zipped, 4)).containsExactly(5, 6);
    }

    /** Java's own reader ends at the first of these in silence. */
    @Test
    void whatFollowsTheLastMemberIsNotLost() throws IOException {
        byte[] member = gzip(new byte[50]);
        byte[] broken = gzip(new byte[60]);
        broken[2] = 7;
        assertThatThrownBy(() -> read(joined(member, new byte[] {'P', 'K'}), 64))
                .isInstanceOf(ZipException.class)
                .hasMessage("bytes that are not gzip follow its end");
        assertThatThrownBy(() -> read(joined(member, new byte[100], new byte[] {1}), 64))
                .hasMessage("bytes that are not gzip follow its end");
        assertThatThrownBy(() -> read(joined(member, broken), 64)).hasMessage("an unknown compression method");
        assertThatThrownBy(() -> read(joined(member, Arrays.copyOf(broken, 2)), 64))
                .isInstanceOf(EOFException.class);
    }

    @Test
    void damageIsAnError() throws IOException {
        byte[] good = gzip(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        for (int length = 1; length < good.length; length++) {
            byte[] cut = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> read(cut, 8)).as("%d bytes", length).isInstanceOf(EOFException.class);
        }
        byte[] wrong = good.clone();
        wrong[good.length - 8] ^= 1;
        assertThatThrownBy(() -> read(wrong, 8))
                .isInstanceOf(ZipException.class)
                .hasMessage("Corrupt GZIP trailer");
        assertThatThrownBy(() -> read(new byte[] {1, 2}, 8)).hasMessage("not in gzip format");
    }
}
