package org.gradmimic.data;

import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Rect;
import org.gradmimic.base.SplitMix;

/** Applies an {@link ImageAugmentation}. For one thread; its memory is reused. */
final class ImageVariation implements AutoCloseable {
    /** torchvision's range of a rectangle's width over its height. */
    private static final double NARROWEST = 3.0 / 4;

    private static final double WIDEST = 4.0 / 3;

    /** How often torchvision draws a rectangle before it takes one in the middle. */
    private static final int ATTEMPTS = 10;

    private final ImageAugmentation augmentation;
    private final Mat scaled = new Mat();
    private final Mat bordered = new Mat();

    ImageVariation(ImageAugmentation augmentation) {
        this.augmentation = augmentation;
    }

    /** Draws a variation of {@code image} and writes it to {@code target}, whose size it gets. */
    void apply(Mat image, Mat target, SplitMix random) {
        boolean mirrored = random.uniform(0, 1) < augmentation.flip();
        if (!mirrored) {
            crop(image, target, random);
            return;
        }
        scaled.create(target.rows(), target.cols(), target.type());
        crop(image, scaled, random);
        opencv_core.flip(scaled, target, 1);
    }

    private void crop(Mat image, Mat target, SplitMix random) {
        switch (augmentation.crop()) {
            case NONE -> ImageDecoder.scale(image, target);
            case SHIFT -> shifted(image, target, random);
            case RESIZED -> {
                try (Rect part = rectangle(image.cols(), image.rows(), random);
                        Mat view = new Mat(image, part)) {
                    ImageDecoder.scale(view, target);
                }
            }
        }
    }

    private void shifted(Mat image, Mat target, SplitMix random) {
        int most = augmentation.shift();
        int right = random.nextInt(2 * most + 1);
        int down = random.nextInt(2 * most + 1);
        try (Mat whole = new Mat(target.rows(), target.cols(), target.type());
                Rect part = new Rect(right, down, target.cols(), target.rows())) {
            ImageDecoder.scale(image, whole);
            opencv_core.copyMakeBorder(whole, bordered, most, most, most, most, opencv_core.BORDER_REPLICATE);
            try (Mat view = new Mat(bordered, part)) {
                view.copyTo(target);
            }
        }
    }

    /** As torchvision's RandomResizedCrop draws it, with StrictMath, which gives the same numbers everywhere. */
    private Rect rectangle(int width, int height, SplitMix random) {
        double area = (double) width * height;
        for (int i = 0; i < ATTEMPTS; i++) {
            double wanted = area * random.uniform(augmentation.smallestScale(), 1);
            double ratio = StrictMath.exp(random.uniform(StrictMath.log(NARROWEST), StrictMath.log(WIDEST)));
            int w = (int) Math.rint(Math.sqrt(wanted * ratio));
            int h = (int) Math.rint(Math.sqrt(wanted / ratio));
            if (w > 0 && w <= width && h > 0 && h <= height) {
                int x = random.nextInt(width - w + 1);
                int y = random.nextInt(height - h + 1);
                return new Rect(x, y, w, h);
            }
        }
        double ratio = (double) width / height;
        int w = ratio > WIDEST ? Math.max(1, (int) Math.rint(height * WIDEST)) : width;
        int h = ratio < NARROWEST ? Math.max(1, (int) Math.rint(width / NARROWEST)) : height;
        return new Rect((width - w) / 2, (height - h) / 2, w, h);
    }

    @Override
    public void close() {
        scaled.close();
        bordered.close();
    }
}
