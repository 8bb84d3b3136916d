package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradmimic.data.TestImages.readAll;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DrawnDatasetTest {
    private static final ImageSize SIZE = ImageSize.square(32);

    @Test
    void hasStandardsForEverything() {
        ImageDataset dataset = Datasets.openImages("drawn:");
        assertThat(dataset.size(Split.TRAIN)).isEqualTo(20_000);
        assertThat(dataset.size(Split.TEST)).isEqualTo(4_000);
        assertThat(dataset.classNames()).hasSize(34).startsWith("0", "1").doesNotContain("I", "O");
        assertThat(dataset.nativeSize()).contains(SIZE);
        assertThat(Datasets.openImages("drawn:test=0,train=3").splits()).containsExactly(Split.TRAIN);
        assertThatThrownBy(() -> dataset.size(Split.VALIDATION)).hasMessageContaining("has no validation split");
        assertThat(Datasets.openImages("drawn:classes=36").classNames())
                .doesNotHaveDuplicates()
                .endsWith("I", "O");
    }

    @Test
    void aSampleIsDecidedBySeedSplitAndIndexAlone() {
        byte[][] few = read("drawn:train=40,test=20", Split.TRAIN, 7);
        byte[][] many = read("drawn:train=90,test=20", Split.TRAIN, 90);
        byte[][] test = read("drawn:train=40,test=20", Split.TEST, 20);
        byte[][] seeded = read("drawn:train=40,test=20,seed=2", Split.TRAIN, 40);
        Set<String> all = new HashSet<>();
        for (int i = 0; i < 40; i++) {
            assertThat(few[i]).isEqualTo(many[i]);
            assertThat(seeded[i]).isNotEqualTo(few[i]);
        }
        for (byte[][] part : new byte[][][] {many, test, seeded}) {
            for (byte[] image : part) {
                all.add(Arrays.toString(image));
            }
        }
        assertThat(all).as("no two images are alike").hasSize(90 + 20 + 40);
    }

    @Test
    void loadsTheSamplesAskedForInTheirOrder() {
        ImageDataset dataset = Datasets.openImages("drawn:train=600,test=5");
        byte[][] all = readAll(dataset, Split.TRAIN, SIZE, 64).pixels();
        ImageBatch some = dataset.load(Split.TRAIN, SIZE, 599, 3, 0, 300);
        assertThat(some.ids()).containsExactly(599, 3, 0, 300);
        assertThat(some.labels()).containsExactly(599 % 34, 3, 0, 300 % 34);
        assertThat(some.pixels().remaining()).isEqualTo(4 * SIZE.rgbBytes());
        for (int i = 0; i < 4; i++) {
            byte[] image = new byte[SIZE.rgbBytes()];
            some.pixels().get(i * image.length, image);
            assertThat(image).isEqualTo(all[(int) some.ids()[i]]);
        }
        assertThat(dataset.load(Split.TEST, SIZE).size()).isZero();
        assertThatThrownBy(() -> dataset.load(Split.TEST, SIZE, 1, 5))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no sample 5 in the test split of 5");
        assertThatThrownBy(() -> dataset.load(Split.TEST, SIZE, 1, 1))
                .hasMessageContaining("sample 1 is requested twice");
    }

    @Test
    void classesAreBalancedAndTheLabelsMatch() {
        ImageDataset dataset = Datasets.openImages("drawn:classes=10,train=95,test=10");
        long[] labels = dataset.labels(Split.TRAIN);
        assertThat(readAll(dataset, Split.TRAIN, SIZE, 10).labels()).isEqualTo(labels);
        for (int c = 0; c < 10; c++) {
            int label = c;
            assertThat(Arrays.stream(labels).filter(l -> l == label).count()).isBetween(9L, 10L);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 33, 96})
    void everyImageShowsSomething(int side) {
        ImageSize size = ImageSize.square(side);
        ImageDataset dataset = Datasets.openImages("drawn:train=68,test=0,size=" + side);
        for (byte[] image : readAll(dataset, Split.TRAIN, size, 16).pixels()) {
            // Ink and paper differ by at least 70 in brightness, so an image of both has this spread at least.
            double[] brightness = new double[side * side];
            for (int i = 0; i < brightness.length; i++) {
                brightness[i] = 0.3 * (image[3 * i] & 0xff)
                        + 0.59 * (image[3 * i + 1] & 0xff)
                        + 0.11 * (image[3 * i + 2] & 0xff);
            }
            double least = Arrays.stream(brightness).min().orElseThrow();
            double most = Arrays.stream(brightness).max().orElseThrow();
            assertThat(most - least).isGreaterThan(30);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sizes=3 | unknown option sizes; expected classes, train, test, seed or size",
                "train | expected KEY=NUMBER, found 'train'",
                "train=5,,test=3 | expected KEY=NUMBER, found ''",
                "train=many | train is 'many'; expected a number",
                "train=99999999999999999999 | expected a number",
                "train=1,train=2 | train is given twice",
                "classes=37 | classes is 37; expected 2 to 36",
                "classes=1 | classes is 1; expected 2 to 36",
                "train=0 | train is 0; expected 1 to",
                "test=-1 | test is -1; expected 0 to",
                "size=4 | size is 4; expected 8 to 512",
            })
    void refusesWhatItDoesNotKnow(String options, String reason) {
        assertThatThrownBy(() -> Datasets.open("drawn:" + options))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("'drawn:" + options + "'")
                .hasMessageContaining(reason);
    }

    private static byte[][] read(String spec, Split split, int batch) {
        return readAll(Datasets.openImages(spec), split, SIZE, batch).pixels();
    }
}
