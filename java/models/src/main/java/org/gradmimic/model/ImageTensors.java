package org.gradmimic.model;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageSize;

/** Converts images from bytes to the tensors that a network takes. */
final class ImageTensors {
    private ImageTensors() {}

    /** A view of {@code count} images at the start of a direct buffer, [n,H,W,3] uint8; the buffer must outlive it. */
    static Tensor view(ByteBuffer pixels, int count, ImageSize size) {
        BytePointer start = new BytePointer(pixels.slice(0, count * size.rgbBytes()));
        return torch.from_blob(
                start, new long[] {count, size.height(), size.width(), 3}, new TensorOptions(ScalarType.Byte));
    }

    static void require(Tensor images, ImageSize size) {
        if (images.scalar_type().intern() != ScalarType.Byte) {
            throw new InvalidArgumentException(
                    "images are " + images.scalar_type().intern() + "; expected Byte");
        }
        Tensors.requireShape("images", images, images.size(0), size.height(), size.width(), 3);
    }
}
