package org.gradmimic.model;

import java.util.List;
import org.gradmimic.data.ImageFit;

/**
 * How images become the input of a network.
 *
 * @param fit how they get its size
 * @param normalisation of their pixels after that
 */
public record ImageInput(ImageFit fit, PixelNormalisation normalisation) {
    /** Means and standard deviations of ImageNet's pixels, which torchvision and timm use. */
    static final PixelNormalisation IMAGENET =
            new PixelNormalisation(List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));

    /** Those of the images that OpenAI trained CLIP on, which open_clip uses too. */
    static final PixelNormalisation CLIP = new PixelNormalisation(
            List.of(0.48145466, 0.4578275, 0.40821073), List.of(0.26862954, 0.26130258, 0.27577711));

    /** What is done, as a person reads it. */
    @Override
    public String toString() {
        return fit + "; mean " + normalisation.mean() + ", std " + normalisation.std();
    }
}
