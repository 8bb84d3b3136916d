package org.gradmimic.data;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;

/** The pixels of all samples of a split in memory, for data sets of small images of one size. */
final class StoredPixels implements SampleAccess {
    private final List<byte[]> images;
    private final ImageSize size;

    private StoredPixels(List<byte[]> images, ImageSize size) {
        this.images = images;
        this.size = size;
    }

    static StoredPixels of(ImageDataset dataset, Split split) {
        ImageSize size = dataset.nativeSize()
                .orElseThrow(() -> new InputException("data set '" + dataset.spec()
                        + "': its images cannot be read in any order, as training needs; unpack them into a folder"));
        int count = dataset.size(split);
        HeldBytes held = new HeldBytes(dataset.spec());
        List<byte[]> images = new ArrayList<>(count);
        for (int i = 0; i < count; i++) images.add(new byte[0]);
        try (ImageStream stream = dataset.read(split, size, Math.min(count, 256))) {
            for (ImageBatch batch = stream.next(); batch != null; batch = stream.next()) {
                for (int i = 0; i < batch.size(); i++) {
                    byte[] pixels = new byte[held.add(size.rgbBytes())];
                    batch.pixels().get(i * pixels.length, pixels);
                    images.set((int) batch.ids()[i], pixels);
                }
            }
        }
        return new StoredPixels(images, size);
    }

    @Override
    public ImageDecoder decoder() {
        return new ImageDecoder();
    }

    @Override
    public Mat read(int id, ImageDecoder decoder) {
        return decoder.raw(images.get(id), size);
    }

    @Override
    public void close() {}
}
