package org.gradmimic.cli;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import javax.imageio.ImageIO;
import org.gradmimic.data.LabelNoise;

/**
 * A folder of PNG files in class folders, some of them in the folder of another class. The images of a class have a
 * colour, a brightness of their own and much noise: a task that a backbone learns in a few steps.
 */
final class Photos {
    private static final int SIDE = 24;
    private static final int[][] COLOURS = {{200, 60, 60}, {60, 180, 60}, {60, 60, 220}, {150, 150, 40}};

    private Photos() {}

    /**
     * Writes images.
     *
     * @param samples the number of images, of four classes
     * @param noise the share in a wrong folder
     * @return the paths of the images in a wrong folder, relative to {@code folder}
     */
    static Set<String> write(Path folder, int samples, double noise, long seed) throws IOException {
        Random random = new Random(seed);
        long[] labels = random.longs(samples, 0, COLOURS.length).toArray();
        LabelNoise given = LabelNoise.symmetric(labels, COLOURS.length, noise, seed);
        Set<String> wrong = new HashSet<>();
        for (int id = 0; id < samples; id++) {
            String name = String.format(Locale.ROOT, "class%d/%04d.png", given.labels()[id], id);
            Path file = folder.resolve(name);
            Files.createDirectories(file.getParent());
            ImageIO.write(image(COLOURS[(int) labels[id]], random), "png", file.toFile());
            if (given.noisy()[id]) wrong.add(name);
        }
        return wrong;
    }

    private static BufferedImage image(int[] colour, Random random) {
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        double brightness = 0.6 + 0.6 * random.nextDouble();
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int rgb = 0;
                for (int c = 0; c < 3; c++) {
                    int value = (int) (brightness * colour[c] + 50 * random.nextGaussian());
                    rgb = rgb << 8 | Math.max(0, Math.min(255, value));
                }
                image.setRGB(x, y, rgb);
            }
        }
        return image;
    }
}
