package org.gradmimic.model;

import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageSize;

/**
 * The normalisation of pixels in [0,1] for a network: (x − mean)/std, like torchvision's {@code Normalize}.
 *
 * @param mean of red, green and blue
 * @param std of red, green and blue, positive
 */
public record PixelNormalisation(List<Double> mean, List<Double> std) {
    private static final int CHANNELS = 3;

    /** @throws InvalidArgumentException unless all are finite and std is positive */
    public PixelNormalisation {
        mean = everyChannel("mean", mean);
        std = everyChannel("std", std);
        for (double x : std) {
            if (!(x > 0)) throw new InvalidArgumentException("std is " + x + "; it must be positive");
        }
    }

    /** The same for all channels. */
    public static PixelNormalisation of(double mean, double std) {
        return new PixelNormalisation(List.of(mean), List.of(std));
    }

    private static List<Double> everyChannel(String name, List<Double> given) {
        if (given.size() != 1 && given.size() != CHANNELS) {
            throw new InvalidArgumentException(name + " has " + given.size()
                    + " numbers; expected one for all channels, or one each for red, green and blue");
        }
        for (double x : given) {
            if (!Double.isFinite(x)) throw new InvalidArgumentException(name + " is " + x + "; it must be finite");
        }
        return given.size() == 1 ? Collections.nCopies(CHANNELS, given.get(0)) : List.copyOf(given);
    }

    /**
     * Converts images [n,H,W,3] uint8 to float [n,3,H,W]. The bytes are already in LibTorch's channels-last order, so
     * the permutation is a view and the result keeps that order.
     */
    Tensor of(Tensor images) {
        Tensor pixels = images.permute(0, 3, 1, 2).to(ScalarType.Float);
        if (mean.stream().distinct().count() == 1 && std.stream().distinct().count() == 1) {
            return pixels.sub_(new Scalar((float) (255 * mean.get(0))))
                    .mul_(new Scalar((float) (1 / (255 * std.get(0)))));
        }
        float[] shift = new float[CHANNELS];
        float[] factor = new float[CHANNELS];
        for (int c = 0; c < CHANNELS; c++) {
            shift[c] = (float) (255 * mean.get(c));
            factor[c] = (float) (1 / (255 * std.get(c)));
        }
        return pixels.sub_(channels(shift, pixels)).mul_(channels(factor, pixels));
    }

    /**
     * A batch of images as a network takes it.
     *
     * @param size of the images
     * @return float [n,3,H,W], in the caller's scope
     */
    public Tensor of(ImageBatch batch, ImageSize size) {
        return of(ImageTensors.view(batch.pixels(), batch.size(), size));
    }

    private static Tensor channels(float[] values, Tensor like) {
        return Tensors.of(values, CHANNELS, 1, 1).to(like.device(), ScalarType.Float);
    }
}
