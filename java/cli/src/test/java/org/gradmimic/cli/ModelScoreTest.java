package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.model.Safetensors;
import org.gradmimic.model.Weights;
import org.gradmimic.model.caption.ClipTokenizer;
import org.junit.jupiter.api.Test;

/** {@code gradmimic score model}: what it computes. */
class ModelScoreTest extends ModelScoreFixture {
    @Test
    void patternsListsAndAll() {
        float[] all = with("mimic-layer", "all").scores();
        assertThat(with("mimic-layer", "*").scores()).isEqualTo(all);
        assertThat(with("mimic-layer", "encoder.*,conv_proj.*,heads.*,class_token")
                        .scores())
                .isEqualTo(all);
        assertThat(with("mimic-layer", "heads.head.bias").scores()).isNotEqualTo(all);
    }

    /** Scores toward each of two references are those toward it alone; combined, their mean or minimum. */
    @Test
    void severalReferences() throws IOException {
        Path other = changed(
                "other.safetensors",
                tensors -> tensors.replaceAll((name, tensor) -> tensor.mul(new org.bytedeco.pytorch.Scalar(0.8))));
        for (String kind : new String[] {"proj", "cos"}) {
            second = null;
            float[] first = with("score", kind).scores();
            Path reference = Path.of(options.get("reference"));
            float[] alone = with("reference", other).scores();
            with("reference", reference);
            second = other;
            float[] both = scores();
            assertThat(both).hasSize(16);
            assertThat(Arrays.copyOf(both, 8)).isEqualTo(first);
            assertThat(Arrays.copyOfRange(both, 8, 16)).isEqualTo(alone);
            if (kind.equals("cos")) continue;
            float[] mean = with("combine", "mean").scores();
            float[] weights = with("score", "normed_proj").scores();
            float[] min = with("score", "proj").with("combine", "min").scores();
            double sum = 0;
            for (int i = 0; i < 8; i++) sum += Math.exp(mean[i]);
            for (int i = 0; i < 8; i++) {
                assertThat(mean[i]).isCloseTo((first[i] + alone[i]) / 2, within(1e-6f));
                assertThat(min[i]).isEqualTo(Math.min(first[i], alone[i]));
                assertThat((double) weights[i]).isCloseTo(Math.exp(mean[i]) / sum, within(1e-6));
            }
            options.remove("combine");
        }
        with("score", "proj").with("out", folder.resolve("scores.parquet"));
        assertRefused("scores.parquet: scores toward several references are [K,N] in .npy");
        with("out", folder.resolve("scores.npy")).with("score", "normed_proj");
        assertRefused("normed_proj needs one score per sample, but there are 2 references");
        for (String kind : new String[] {"cos", "normed_cos", "opt"}) {
            with("score", kind).with("combine", "min");
            assertRefused(kind + " needs one reference, not the min of several");
        }
        with("combine", "one");
        assertRefused("'one' is not one of mean, min");
        second = null;
        with("score", "proj").with("combine", "mean");
        assertRefused("there is only one reference");
        options.remove("combine");
        second = folder.resolve("absent.pt");
        assertRefused("absent.pt: there is no such file");
    }

    /** The softmax runs over a batch, and over all samples without one; the last batch may be short. */
    @Test
    void weightsOfBatches() {
        float[] scores = scores();
        with("score", "normed_proj").with("temperature", 0.5);
        for (int batch : new int[] {0, 3, 8}) {
            float[] weights = with("batch-size", batch).scores();
            int size = batch == 0 ? scores.length : batch;
            for (int from = 0; from < scores.length; from += size) {
                double sum = 0;
                int to = Math.min(scores.length, from + size);
                for (int i = from; i < to; i++) sum += Math.exp(scores[i] / 0.5);
                for (int i = from; i < to; i++) {
                    assertThat((double) weights[i]).isCloseTo(Math.exp(scores[i] / 0.5) / sum, within(1e-5));
                }
            }
        }
    }

    @Test
    void cosinesAndNorms() {
        float[] scores = scores();
        float[] cosines = with("score", "cos")
                .with("grad-norms", folder.resolve("norms.npy"))
                .scores();
        float[] norms = Vectors.floats(folder.resolve("norms.npy"));
        float[] optimal = with("score", "opt").scores();
        double direction = 0;
        for (int i = 0; i < scores.length; i++) {
            assertThat((double) cosines[i]).isCloseTo(scores[i] / norms[i], within(1e-6));
            // w_i = ⟨−g_i,V⟩/‖g_i‖²: the same ‖V‖ for every sample.
            double v = optimal[i] * norms[i] * norms[i] / scores[i];
            if (i == 0) direction = v;
            assertThat(v).isCloseTo(direction, within(1e-3 * direction));
        }
    }

    @Test
    void parquetAndDrawnImages() throws IOException {
        options.remove("images");
        options.remove("labels");
        options.remove("quiet");
        with("data", "drawn:classes=10,train=40,size=16").with("out", folder.resolve("scores.parquet"));
        with("losses", folder.resolve("losses.npy"));
        Run run = run();
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("scores.parquet: proj of 40 samples");
        assertThat(folder.resolve("scores.parquet")).isNotEmptyFile();
        assertThat(Vectors.floats(folder.resolve("losses.npy"))).hasSize(40).doesNotContain(0f);
    }

    @Test
    void aHeadForOtherClassesIsDrawnAnew() throws IOException {
        Path seven = changed("seven.safetensors", tensors -> {
            tensors.put("heads.head.weight", tensors.get("heads.head.weight").narrow(0, 0, 7));
            tensors.put("heads.head.bias", tensors.get("heads.head.bias").narrow(0, 0, 7));
        });
        with("weights", seven);
        assertRefused("seven.safetensors: does not fit the model", "heads.head.weight [7, 64] (expected [10, 64])");
        with("allow-head-mismatch", "");
        float[] first = scores();
        assertThat(scores()).isEqualTo(first);
        assertThat(with("seed", 1).scores()).isNotEqualTo(first);
        // A reference without the mimic layer is none.
        with("reference", seven);
        assertRefused("the reference has heads.head.weight for another number of classes");
        with("mimic-layer", "encoder.ln.weight").scores();
    }

    @Test
    void aHeadOverTorchScript() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            JitModule module = new JitModule(new QualifiedName("__torch__.Means"));
            module.define("def forward(self, x):\n    return torch.mean(x, [2, 3])[:, 0:2]\n");
            module.save(folder.resolve("means.pt").toString());
        }
        Path config = Files.writeString(
                folder.resolve("script.json"), "{\"backbone\":\"means.pt\",\"image_size\":32,\"num_classes\":10}");
        for (String name : new String[] {"m", "r"}) {
            try (PointerScope scope = new PointerScope()) {
                float[] weight = new float[20];
                for (int i = 0; i < weight.length; i++) weight[i] = (name.equals("m") ? i * 7 : i * 3) % 5;
                Safetensors.write(
                        folder.resolve(name + ".safetensors"),
                        Map.of(),
                        Map.of("head.weight", Tensors.of(weight, 10, 2), "head.bias", Tensors.of(new float[10], 10)));
            }
        }
        with("model", "torchscript").with("model-config", config).with("mimic-layer", "head.weight");
        with("weights", folder.resolve("m.safetensors")).with("reference", folder.resolve("r.safetensors"));
        float[] scores = scores();
        assertThat(scores).hasSize(8).doesNotContain(0f, Float.NaN);
        with("mimic-layer", "conv1.weight");
        assertRefused("the model has no parameter conv1.weight; the closest matches are head.weight");
    }

    @Test
    void anImageThatIsNotFiniteHasNoScore() {
        float[] pixels = Vectors.floats(Vectors.path("vit/images.npy"));
        double[] values = new double[pixels.length];
        Arrays.setAll(values, i -> pixels[i]);
        float[] whole = scores();
        values[2 * 3 * 32 * 32 + 5] = Double.NaN;
        with("images", Npys.write(folder.resolve("nan.npy"), "<f4", values, 8, 3, 32, 32));
        options.remove("quiet");
        Run run = run();
        assertThat(run.code()).isZero();
        assertThat(run.err()).contains("1 of 8 samples has no finite score: sample 2");
        float[] scores = Vectors.floats(folder.resolve("scores.npy"));
        for (int i = 0; i < 8; i++) {
            if (i == 2) assertThat(scores[i]).isNaN();
            else assertThat(scores[i]).isCloseTo(whole[i], within(1e-6f));
        }
    }

    private void withClip() {
        for (String option : new String[] {"weights", "reference"}) {
            with(option, Vectors.path("clip/" + (option.equals("weights") ? "model" : option) + ".safetensors"));
        }
        options.remove("labels");
        with("model", "clip").with("model-config", Vectors.path("clip/config.json"));
        with("images", Vectors.path("clip/images.npy")).with("tokens", Vectors.path("clip/tokens.npy"));
        with("mimic-layer", "text_projection");
    }

    /** Over a batch both kinds have the same sum, the derivative of the summed losses; one by one they differ. */
    @Test
    void thePathsSumIsTheExactOnes() {
        withClip();
        float[] exact = scores();
        float[] path = with("contrastive", "path").scores();
        double difference = 0;
        double sum = 0;
        for (int i = 0; i < exact.length; i++) {
            difference += Math.abs(exact[i] - path[i]);
            sum += exact[i] - path[i];
        }
        assertThat(difference).isGreaterThan(0.1);
        assertThat(sum).isCloseTo(0, within(1e-4));
    }

    @Test
    void aContrastiveLossComparesABatch() {
        withClip();
        float[] whole = scores();
        assertThat(with("batch-size", 4).scores()).hasSameSizeAs(whole).isNotEqualTo(whole);
        // A pair with nothing beside it has the loss 0, whatever the weights.
        for (float score : with("batch-size", 1).scores()) assertThat(score).isZero();
        // Parameters of both towers, and the scale, at once.
        assertThat(with("batch-size", 0).with("mimic-layer", "all").scores()).doesNotContain(0f, Float.NaN);
    }

    /** One image that is not finite spoils the scores of those it is compared with, and is named before them. */
    @Test
    void anImageThatMakesItsBatchNonFinite() throws IOException {
        withClip();
        options.remove("quiet");
        float[] pixels = Vectors.floats(Vectors.path("clip/images.npy"));
        double[] values = new double[pixels.length];
        Arrays.setAll(values, i -> pixels[i]);
        int each = pixels.length / 8;
        int side = (int) Math.sqrt(each / 3.0);
        values[5 * each + 1] = Double.NaN;
        with("images", Npys.write(folder.resolve("nan.npy"), "<f4", values, 8, 3, side, side));
        with("batch-size", 4);
        Run run = run();
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err().lines().filter(line -> line.contains("sample")))
                .anySatisfy(line -> assertThat(line)
                        .contains("non-finite or zero features: sample 5; the scores of all others in a batch depend on"
                                + " them"));
        assertThat(run.err()).contains("4 of 8 samples have no finite score: samples 4, 5, 6, 7");
        float[] scores = Vectors.floats(folder.resolve("scores.npy"));
        for (int i = 0; i < 8; i++) assertThat(Float.isNaN(scores[i])).isEqualTo(i >= 4);
        Files.delete(folder.resolve("scores.npy"));
        with("batch-size", 0).with("quiet", "");
        assertRefused("none of its 8 samples has a finite score: non-finite or zero features: sample 5;");
        with("batch-size", 4).with("score", "normed_proj");
        assertRefused("none of the samples 4 to 7 has a finite score: non-finite or zero features: sample 5;");
    }

    @Test
    void optionsThatAContrastiveLossDoesNotSupport() throws IOException {
        withClip();
        with("score", "cos");
        assertRefused("cos cannot be computed for a contrastive loss");
        with("score", "proj").with("grad-norms", folder.resolve("norms.npy"));
        assertRefused("gradient norms cannot be computed for a contrastive loss");
        options.remove("grad-norms");
        for (String layer : new String[] {"logit_scale", "all"}) {
            with("contrastive", "path").with("mimic-layer", layer);
            assertRefused("logit_scale applies to the whole batch, but path treats samples separately");
        }
        with("contrastive", "exact").with("mimic-layer", "text_projection");
        double[] tokens = new double[8 * 16];
        tokens[35] = 96;
        with("tokens", Npys.write(folder.resolve("t.npy"), "<i8", tokens, 8, 16));
        assertRefused("t.npy: a token of sample 2 is 96; expected 0 to 95");
        options.remove("tokens");
        assertRefused("Missing required option: '--tokens=");
        with("labels", Vectors.path("vit/labels.npy"));
        assertRefused("clip compares images with captions");
    }

    /** The CLIP of the vectors with room for a vocabulary of all bytes, two merges and the ends of a text. */
    private Path withCaptions(String captions) throws IOException {
        withClip();
        options.remove("tokens");
        String config = Files.readString(Vectors.path("clip/config.json"));
        assertThat(config).contains("\"vocab_size\": 96");
        with("model-config", Files.writeString(folder.resolve("c.json"), config.replace(": 96", ": 516")));
        for (String name : new String[] {"model", "reference"}) {
            Path file = folder.resolve(name + ".safetensors");
            try (PointerScope scope = new PointerScope();
                    Weights weights = Weights.open(Vectors.path("clip/" + name + ".safetensors"))) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                weights.names().forEach(tensor -> tensors.put(tensor, weights.tensor(tensor)));
                Tensor few = tensors.get("token_embedding.weight");
                tensors.put("token_embedding.weight", few.repeat(6, 1).narrow(0, 0, 516));
                Safetensors.write(file, Map.of(), tensors);
            }
            with(name.equals("model") ? "weights" : name, file);
        }
        with("captions", Files.writeString(folder.resolve("captions.txt"), captions));
        return Files.writeString(folder.resolve("bpe.txt"), "#version: 0.2\nd o\ndo g</w>\n");
    }

    @Test
    void captionsAreTheirTokens() throws IOException {
        String captions = "A dog\n\na DOG, it's\ncat\n😀\n1 2 3\nthis one is longer than what the model reads\nx\n";
        Path vocabulary = withCaptions(captions);
        with("vocabulary", vocabulary);
        float[] scores = scores();
        double[] tokens = new double[8 * 16];
        try (ClipTokenizer tokenizer = ClipTokenizer.open(vocabulary, 16)) {
            String[] lines = captions.split("\n");
            for (int i = 0; i < 8; i++) {
                long[] row = tokenizer.tokens(lines[i]);
                for (int t = 0; t < 16; t++) tokens[i * 16 + t] = row[t];
            }
        }
        // Start, "a" and "dog" as words, end.
        assertThat(Arrays.copyOf(tokens, 5)).containsExactly(514, 256 + 'a' - '!', 513, 515, 0);
        options.remove("captions");
        options.remove("vocabulary");
        with("tokens", Npys.write(folder.resolve("t.npy"), "<i8", tokens, 8, 16));
        assertThat(scores).doesNotContain(Float.NaN, 0f).isEqualTo(scores());
    }

    @Test
    void captionsThatDoNotFit() throws IOException {
        Path vocabulary = withCaptions("a\nb\nc\n");
        assertRefused("Missing required option: '--vocabulary=");
        with("vocabulary", vocabulary);
        assertRefused("captions.txt: has 3 lines, one caption per line;", "images.npy has 8 images");
        Files.write(folder.resolve("captions.txt"), new byte[] {'a', '\n', 'b', (byte) 0xe9, '\n'});
        assertRefused("captions.txt: line 2 is not UTF-8, from its byte 2 on");
        Files.writeString(vocabulary, "#version: 0.2\nd o\ndo g</w>\nc a\n");
        assertRefused("bpe.txt: has 517 tokens; the model has 516");
        Files.writeString(vocabulary, "#version: 0.2\nd o\nd\n");
        assertRefused("bpe.txt: line 3 is 'd'; expected two tokens");
        with("tokens", Vectors.path("clip/tokens.npy"));
        assertRefused("--tokens already are the captions; leave out --captions and --vocabulary");
        options.remove("tokens");
        options.remove("captions");
        assertRefused("Missing required option: '--captions=");
        Path captions = folder.resolve("captions.npy");
        with("captions", Npys.write(captions, "<f4", new double[8], 8)).with("out", captions);
        assertRefused("captions.npy is also an input");
    }
}
