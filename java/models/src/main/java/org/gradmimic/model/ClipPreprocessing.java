package org.gradmimic.model;

import java.util.List;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.jspecify.annotations.Nullable;

/** The preparation of images in open_clip's configurations, {@code preprocess_cfg}. */
final class ClipPreprocessing {
    private ClipPreprocessing() {}

    /**
     * Reads the settings.
     *
     * @param config null for open_clip's defaults
     * @param side pixels of the sides that the model takes
     */
    static ImageInput of(@Nullable ModelConfig config, int side) {
        ImageSize size = ImageSize.square(side);
        if (config == null) {
            return new ImageInput(new ImageFit(size, side, ImageFit.Filter.BICUBIC), ImageInput.CLIP);
        }
        boolean linear = "bilinear".equals(config.textOr("interpolation", "bicubic"));
        if (!linear) config.only("interpolation", "bicubic", "bilinear");
        boolean squash = "squash".equals(config.textOr("resize_mode", "shortest"));
        if (!squash) config.only("resize_mode", "shortest", "squash");
        config.only("mode", "RGB");
        config.ignore("size", "fill_color");
        List<Double> mean = config.numbers("mean", ImageInput.CLIP.mean());
        List<Double> std = config.numbers("std", ImageInput.CLIP.std());
        config.finish();
        try {
            return new ImageInput(
                    new ImageFit(size, squash ? 0 : side, linear ? ImageFit.Filter.BILINEAR : ImageFit.Filter.BICUBIC),
                    new PixelNormalisation(mean, std));
        } catch (InvalidArgumentException e) {
            throw config.wrong(e.getMessage());
        }
    }
}
