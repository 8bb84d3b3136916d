package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.gradmimic.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code gradmimic score model} refuses in one line, whatever the model. */
class ModelScoreErrorsTest extends ModelScoreFixture {
    @ParameterizedTest
    @ValueSource(strings = {"model", "model-config", "weights", "reference", "images", "labels", "mimic-layer", "out"})
    void aRequiredOption(String option) throws IOException {
        options.remove(option);
        assertRefused("Missing required option: '--" + option + "=");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "features | f.npy | Unknown option",
                "model | vgg | 'vgg' is not one of vit, clip, resnet, torchscript",
                "model | clip | clip compares images with captions",
                "tokens | t.npy | --tokens are only for clip",
                "captions | c.txt | --captions are only for clip",
                "vocabulary | v.txt | --vocabulary is only for clip",
                "data | drawn: | --data contains images and labels; leave out --images and --labels",
                "mimic-layer | heads.weight | the model has no parameter heads.weight; the closest matches are heads.head.weight",
                "batch-size | -1 | --batch-size is -1; it must be 0 or more",
                "batch-size | 3000000000 | --batch-size is 3000000000",
                "std | 0 | --std is 0.0; it must be positive",
                "model-config | vit_x | vit_x is not a file, and not one of vit_b_16, vit_b_32, vit_l_16",
                "weights | absent.pt | absent.pt: there is no such file",
                "out | scores.csv | the output must end in .npy or .parquet",
                "grad-norms | norms.csv | norms.csv: the output must end in .npy or .parquet"
            })
    void invalidArguments(String option, String value, String message) throws IOException {
        with(option, value);
        assertRefused(message);
    }

    @Test
    void anOutputThatIsAnInput() throws IOException {
        Path weights = changed("m.safetensors", tensors -> {});
        byte[] before = Files.readAllBytes(weights);
        with("weights", weights).with("grad-norms", weights);
        assertRefused("is also an input");
        assertThat(weights).hasBinaryContent(before);
    }

    @Test
    void twoOutputsOfOneName() throws IOException {
        with("grad-norms", folder.resolve("./scores.npy"));
        assertRefused("scores.npy is named for two outputs");
        with("grad-norms", folder.resolve("n.npy")).with("losses", folder.resolve("n.npy"));
        assertRefused("n.npy is named for two outputs");
    }

    /** ‖V‖² of such a reference is beyond any number; its scores are none, not 0. */
    @Test
    void aReferenceBeyondAllNumbers() throws IOException {
        with(
                "reference",
                changed(
                        "far.safetensors",
                        tensors -> tensors.put(
                                "heads.head.weight",
                                tensors.get("heads.head.weight").mul(new org.bytedeco.pytorch.Scalar(1e30)))));
        assertRefused("none of its 8 samples has a finite score");
    }

    @Test
    void samplesThatDoNotFit() throws IOException {
        with("images", Npys.write(folder.resolve("small.npy"), "<f4", new double[8 * 3 * 16 * 16], 8, 3, 16, 16));
        assertRefused("small.npy: has shape (8, 3, 16, 16); expected (8, 3, 32, 32)");
        with("images", Npys.write(folder.resolve("flat.npy"), "<f4", new double[8], 8));
        assertRefused("flat.npy: ");
        with("images", Vectors.path("vit/images.npy"));
        with("labels", Npys.write(folder.resolve("few.npy"), "<i8", new double[7], 7));
        assertRefused("few.npy: has shape (7,); expected (8,)");
        double[] labels = {0, 1, 2, 3, 10, 5, 6, 7};
        with("labels", Npys.write(folder.resolve("wrong.npy"), "<i8", labels, 8));
        assertRefused("wrong.npy: a label of sample 4 is 10; expected 0 to 9");
        with("labels", Npys.write(folder.resolve("float.npy"), "<f4", labels, 8));
        assertRefused("float.npy: has dtype f4; expected integers");
    }

    @Test
    void weightsThatDoNotFit() throws IOException {
        with("weights", changed("odd.safetensors", tensors -> {
            tensors.remove("class_token");
            tensors.put("more", Tensors.of(new float[1], 1));
        }));
        assertRefused("odd.safetensors: does not fit the model; missing: class_token; surplus: more");
        with("weights", Files.write(folder.resolve("cut"), Arrays.copyOf(bytes(), 1000)));
        assertRefused("cut: announces a header of");
        with("weights", Files.write(folder.resolve("short"), Arrays.copyOf(bytes(), bytes().length - 1)));
        assertRefused("short: its header describes", "truncated");
    }

    private static byte[] bytes() throws IOException {
        return Files.readAllBytes(Vectors.path("vit/model.safetensors"));
    }
}
