package org.gradmimic.data;

import java.io.IOException;
import org.bytedeco.opencv.opencv_core.Mat;

/** The part that cursors over encoded pictures share: the current one's bytes, name and place. */
abstract class EncodedCursor implements SampleCursor {
    private final PictureDecoder decoder = new PictureDecoder();
    private byte[] content = new byte[64 << 10];
    private int length;
    private String name = "";
    private PictureIndex.Entry entry = new PictureIndex.Entry(Split.TRAIN, 0, 0);

    /** Room for at least {@code bytes} bytes; what it held is lost. */
    final byte[] room(int bytes) {
        if (content.length < bytes) {
            content = new byte[Math.max(bytes, (int) Math.min(2L * content.length, Integer.MAX_VALUE - 8))];
        }
        return content;
    }

    /** Sets the current sample, whose bytes are at the start of {@link #room}. */
    final void current(String picture, int bytes, PictureIndex.Entry place) {
        name = picture;
        length = bytes;
        entry = place;
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
    public final void paint(Mat target) {
        decoder.decode(content, length, name, target);
    }

    @Override
    public void close() throws IOException {
        decoder.close();
    }
}
