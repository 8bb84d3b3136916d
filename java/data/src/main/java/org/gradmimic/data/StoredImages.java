package org.gradmimic.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.opencv.opencv_core.Mat;

/** The encoded images of a split in memory, for sources that can only be read from front to back. */
final class StoredImages implements SampleAccess {
    private record Stored(byte[] content, String name) {}

    private final List<Stored> images;
    private final DecodeSettings decoding;

    private StoredImages(List<Stored> images, DecodeSettings decoding) {
        this.images = images;
        this.decoding = decoding;
    }

    /**
     * Reads a cursor to its end and closes it.
     *
     * @param spec named if the images take too much memory
     */
    static StoredImages of(String spec, int count, EncodedCursor cursor, DecodeSettings decoding) throws IOException {
        HeldBytes held = new HeldBytes(spec);
        List<Stored> images = new ArrayList<>(count);
        for (int i = 0; i < count; i++) images.add(new Stored(new byte[0], "sample " + i));
        try (cursor) {
            while (cursor.next()) {
                byte[] content = cursor.content();
                held.add(content.length);
                images.set((int) cursor.id(), new Stored(content, cursor.name()));
            }
        }
        return new StoredImages(images, decoding);
    }

    @Override
    public ImageDecoder decoder() {
        return new ImageDecoder(decoding);
    }

    @Override
    public Mat read(int id, ImageDecoder decoder) {
        Stored image = images.get(id);
        return decoder.decode(image.content(), image.content().length, image.name());
    }

    @Override
    public void close() {}
}
