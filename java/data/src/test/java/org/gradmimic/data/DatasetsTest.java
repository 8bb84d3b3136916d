package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.npy.NpyWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetsTest {
    @TempDir
    Path folder;

    @Test
    void refusesAnUnknownSpec() {
        assertThatThrownBy(() -> Datasets.open("imagenet:x"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("'imagenet:x': unknown kind; expected one of images:");
        assertThatThrownBy(() -> Datasets.open("images"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("expected KIND:WHERE");
    }

    @Test
    void opensFeatures() {
        NpyWriter.write(folder.resolve("features.npy"), new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
        NpyWriter.write(folder.resolve("labels.npy"), new long[] {0, 4, 1}, 3);
        String pair = "npy:" + folder.resolve("features.npy") + "," + folder.resolve("labels.npy");
        for (String spec : new String[] {"npy:" + folder, pair}) {
            Dataset dataset = Datasets.open(spec);
            assertThat(dataset).isInstanceOf(FeatureDataset.class);
            try (FeatureDataset features = (FeatureDataset) dataset) {
                assertThat(features.spec()).isEqualTo(spec);
                assertThat(features.classNames()).containsExactly("0", "1", "2", "3", "4");
                assertThat(features.labels()).containsExactly(0, 4, 1);
                assertThat(features.features().readFloats()).containsExactly(1, 2, 3, 4, 5, 6);
            }
            assertThatThrownBy(() -> Datasets.openImages(spec)).hasMessageContaining("holds features; expected images");
        }
    }

    @Test
    void refusesFeaturesThatDoNotFit() {
        String spec = "npy:" + folder;
        assertThatThrownBy(() -> Datasets.open(spec + "/none")).hasMessageContaining("expected npy:FEATURES,LABELS");
        NpyWriter.write(folder.resolve("features.npy"), new float[6], 3, 2);
        assertThatThrownBy(() -> Datasets.open(spec)).hasMessageContaining("labels.npy: no such file");
        NpyWriter.write(folder.resolve("labels.npy"), new long[4], 4);
        assertThatThrownBy(() -> Datasets.open(spec)).hasMessageContaining("labels.npy: has shape (4,); expected (3,)");
        NpyWriter.write(folder.resolve("labels.npy"), new long[] {0, -2, 1}, 3);
        assertThatThrownBy(() -> Datasets.open(spec)).hasMessageContaining("label 1 is -2; expected a class from 0 up");
        NpyWriter.write(folder.resolve("labels.npy"), new float[3], 3);
        assertThatThrownBy(() -> Datasets.open(spec)).hasMessageContaining("dtype f4; expected integers");
        NpyWriter.write(folder.resolve("features.npy"), new long[6], 3, 2);
        assertThatThrownBy(() -> Datasets.open(spec)).hasMessageContaining("dtype i8; expected floating-point");
        NpyWriter.write(folder.resolve("features.npy"), new float[6], 6);
        assertThatThrownBy(() -> Datasets.open(spec)).hasMessageContaining("has 1 axis, shape (6,); expected 2 axes");
    }
}
