package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.gradmimic.data.TestImages.Contents;
import org.junit.jupiter.api.Test;

/**
 * Reads CIFAR-10 as 60,000 JPEGs in a tar.gz, named by the property or variable GRADMIMIC_CIFAR10, or found beside the
 * repository; skipped where there is none.
 */
class RealCifarTest {

    @Test
    void readsAllSixtyThousandImages() {
        Path archive = archive();
        assumeTrue(Files.isRegularFile(archive), "no CIFAR-10 at " + archive + "; name one by GRADMIMIC_CIFAR10");
        ImageDataset dataset = Datasets.openImages("images:" + archive);
        assertThat(dataset.classNames())
                .containsExactly(
                        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
        assertThat(dataset.size(Split.TRAIN)).isEqualTo(50_000);
        Contents train = readAll(dataset, Split.TRAIN);
        Contents test = readAll(dataset, Split.TEST);
        assertThat(train.labels()).isEqualTo(dataset.labels(Split.TRAIN));
        assertThat(test.labels()).hasSize(10_000).isEqualTo(dataset.labels(Split.TEST));
        for (long c = 0; c < 10; c++) {
            long label = c;
            assertThat(Arrays.stream(train.labels()).filter(l -> l == label)).hasSize(5_000);
        }
        // The published channel means of the training images, 0.4914, 0.4822, 0.4465 of 255; JPEG keeps means to a
        // small part of a grey level, and channels in the wrong order would be off by 2 to 11.
        double[] expected = {125.3, 123.0, 113.9};
        for (int channel = 0; channel < 3; channel++) {
            double sum = 0;
            for (byte[] image : train.pixels()) {
                for (int i = channel; i < image.length; i += 3) {
                    sum += image[i] & 0xff;
                }
            }
            assertThat(Math.abs(sum / (50_000.0 * 1024) - expected[channel])).isLessThan(0.5);
        }
    }

    private static Contents readAll(ImageDataset dataset, Split split) {
        return TestImages.readAll(dataset, split, ImageSize.square(32), 512);
    }

    private static Path archive() {
        String named = System.getProperty("GRADMIMIC_CIFAR10", System.getenv("GRADMIMIC_CIFAR10"));
        if (named != null) {
            return Path.of(named);
        }
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.isRegularFile(folder.resolve("native/include/gradmimic/gradmimic.h"))) {
            folder = folder.getParent();
        }
        return (folder == null ? Path.of("") : folder).resolve("../shared/data/cifar10-jpeg.tar.gz");
    }
}
