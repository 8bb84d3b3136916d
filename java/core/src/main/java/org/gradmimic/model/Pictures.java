package org.gradmimic.model;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.data.ImageSize;

/** Pictures on their way from bytes to what a network takes. */
final class Pictures {
    private Pictures() {}

    /** A view of {@code count} pictures at the start of a direct buffer, [n,H,W,3] uint8; the buffer must outlive it. */
    static Tensor view(ByteBuffer pixels, int count, ImageSize size) {
        BytePointer start = new BytePointer(pixels.slice(0, count * size.rgbBytes()));
        return torch.from_blob(
                start, new long[] {count, size.height(), size.width(), 3}, new TensorOptions(ScalarType.Byte));
    }

    static void require(Tensor pictures, ImageSize size) {
        if (pictures.scalar_type().intern() != ScalarType.Byte) {
            throw new IllegalArgumentException(
                    "pictures are " + pictures.scalar_type().intern() + "; Byte is expected");
        }
        Tensors.requireShape("pictures", pictures, pictures.size(0), size.height(), size.width(), 3);
    }

    /**
     * (x/255 − mean)/std as float [n,3,H,W]. The bytes' order is LibTorch's channels-last already, so the permutation is
     * a view and the result keeps that order.
     */
    static Tensor normalised(Tensor pictures, double mean, double std) {
        return pictures.permute(0, 3, 1, 2)
                .to(ScalarType.Float)
                .sub_(new Scalar((float) (255 * mean)))
                .mul_(new Scalar((float) (1 / (255 * std))));
    }
}
