package org.gradmimic.data;

import java.io.IOException;
import java.util.Arrays;
import org.bytedeco.opencv.opencv_core.Mat;

/** What cursors over encoded images share: the bytes, the name and the place of the current image. */
abstract class EncodedCursor implements SampleCursor {
    private final ImageDecoder decoder;
    private byte[] content = new byte[64 << 10];
    private int length;
    private String name = "";
    private ImageIndex.Entry entry = new ImageIndex.Entry(Split.TRAIN, 0, 0);

    EncodedCursor(DecodeSettings decoding) {
        decoder = new ImageDecoder(decoding);
    }

    /** A buffer of at least {@code bytes} bytes; its previous content is lost. */
    final byte[] room(int bytes) {
        if (content.length < bytes) {
            content = new byte[Math.max(bytes, (int) Math.min(2L * content.length, Integer.MAX_VALUE - 8))];
        }
        return content;
    }

    /** Takes a buffer in place of {@link #room}. */
    final void keep(byte[] buffer) {
        content = buffer;
    }

    /** Sets the current sample, whose bytes are at the start of {@link #room}. */
    final void current(String image, int bytes, ImageIndex.Entry place) {
        name = image;
        length = bytes;
        entry = place;
    }

    /** A copy of the current sample's bytes. */
    final byte[] content() {
        return Arrays.copyOf(content, length);
    }

    /** The name of the current sample in messages. */
    final String name() {
        return name;
    }

    @Override
    public final long id() {
        return entry.id();
    }

    @Override
    public final long label() {
        return entry.label();
    }

    @Override
    public final void paint(Mat target, ImageFit fit) {
        decoder.decode(content, length, name, target, fit);
    }

    @Override
    public void close() throws IOException {
        decoder.close();
    }
}
