package org.gradmimic.score;

import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.Datasets;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.run.RunRecord;
import org.gradmimic.layer.ContrastiveScore;
import org.gradmimic.model.PixelNormalisation;
import org.gradmimic.reshard.Shard;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the scores of shards depend on, but the shards: a CLIP model at one or several checkpoints, references,
 * the mimic layer, the batch size and the like. It can be sent to other machines that see the same files.
 */
public final class ShardScoring implements Serializable {
    private static final long serialVersionUID = 1;

    private final String config;
    private final ArrayList<String> weights;
    private final ArrayList<String> references;
    private final String mimicLayer;
    private final String vocabulary;
    private final ContrastiveScore contrastive;
    private final ReferenceCombination.@Nullable Rule combine;
    private final @Nullable ArrayList<Double> mean;
    private final @Nullable ArrayList<Double> std;
    private final int batchSize;
    private final double temperature;
    private final long maxPixels;
    private final BadSamples badSamples;
    private final int firstEpoch;

    private ShardScoring(Builder builder) {
        config = builder.config;
        weights = texts(builder.weights);
        references = texts(builder.references);
        mimicLayer = builder.mimicLayer;
        vocabulary = builder.vocabulary;
        contrastive = builder.contrastive;
        combine = builder.combine;
        PixelNormalisation pixels = builder.normalisation;
        mean = pixels == null ? null : new ArrayList<>(pixels.mean());
        std = pixels == null ? null : new ArrayList<>(pixels.std());
        batchSize = builder.batchSize;
        temperature = builder.temperature;
        maxPixels = builder.maxPixels;
        badSamples = builder.badSamples;
        firstEpoch = builder.firstEpoch;
    }

    private static ArrayList<String> texts(List<Path> files) {
        ArrayList<String> texts = new ArrayList<>();
        files.forEach(file -> texts.add(file.toString()));
        return texts;
    }

    /**
     * A builder.
     *
     * @param config open_clip's JSON of the model, or the name of a model; see {@link
     *     org.gradmimic.model.Models#open}
     */
    public static Builder builder(String config) {
        return new Builder(config);
    }

    /** Collects the parts. Weights, references, the mimic layer and the vocabulary are required. */
    public static final class Builder {
        private final String config;
        private List<Path> weights = List.of();
        private List<Path> references = List.of();
        private String mimicLayer = "";
        private String vocabulary = "";
        private ContrastiveScore contrastive = ContrastiveScore.EXACT;
        private ReferenceCombination.@Nullable Rule combine;
        private @Nullable PixelNormalisation normalisation;
        private int batchSize = ShardSettings.BATCH;
        private double temperature = 1;
        private long maxPixels = Datasets.MAX_PIXELS;
        private BadSamples badSamples = BadSamples.FAIL;
        private int firstEpoch;

        private Builder(String config) {
            this.config = config;
        }

        /** Sets the files of the checkpoints, each of which is an epoch of the output. */
        public Builder weights(List<Path> files) {
            weights = files;
            return this;
        }

        /** Sets the files of the reference, or of several references whose scores are combined. */
        public Builder references(List<Path> files) {
            references = files;
            return this;
        }

        /** Sets the parameters by which pairs are scored; see {@link org.gradmimic.model.MimicLayers#resolve}. */
        public Builder mimicLayer(String names) {
            mimicLayer = names;
            return this;
        }

        /** Sets the vocabulary of the captions; see {@link org.gradmimic.model.caption.ClipTokenizer#open}. */
        public Builder vocabulary(Path file) {
            vocabulary = file.toString();
            return this;
        }

        /** Sets the kind of score; the default is exact. */
        public Builder contrastive(ContrastiveScore score) {
            contrastive = score;
            return this;
        }

        /** Sets how the scores toward several references become one; null is only for one reference. */
        public Builder combine(ReferenceCombination.@Nullable Rule rule) {
            combine = rule;
            return this;
        }

        /** Sets the normalisation of pixels; null, the default, is the model's. */
        public Builder normalisation(@Nullable PixelNormalisation pixels) {
            normalisation = pixels;
            return this;
        }

        /** Sets how many pairs the loss compares with each other. */
        public Builder batchSize(int pairs) {
            batchSize = pairs;
            return this;
        }

        /** Sets the temperature of the weights; the default is 1. */
        public Builder temperature(double temperature) {
            this.temperature = temperature;
            return this;
        }

        /** Sets a limit on the pixels of an encoded image. */
        public Builder maxPixels(long pixels) {
            maxPixels = pixels;
            return this;
        }

        /** Sets what happens at a bad sample; the default is to fail. */
        public Builder badSamples(BadSamples policy) {
            badSamples = policy;
            return this;
        }

        /** Sets the number of the first checkpoint's epoch; the default is 0. */
        public Builder firstEpoch(int epoch) {
            firstEpoch = epoch;
            return this;
        }

        /**
         * Builds it. No file is read.
         *
         * @throws InputException if the references are not combined, or a single one is
         * @throws InvalidArgumentException if something required is missing, or a number is out of range
         */
        public ShardScoring build() {
            if (weights.isEmpty() || references.isEmpty() || mimicLayer.isEmpty() || vocabulary.isEmpty()) {
                throw new InvalidArgumentException("weights, references, a mimic layer and a vocabulary are required");
            }
            if (batchSize < 1 || !(temperature > 0) || firstEpoch < 0) {
                throw new InvalidArgumentException("batch size " + batchSize + ", temperature " + temperature
                        + ", epoch " + firstEpoch + ": expected positive numbers, and an epoch of at least 0");
            }
            if (references.size() > 1 && combine == null) {
                throw new InputException("the scores of shards are one per pair, but there are " + references.size()
                        + " references: combine them by mean or min, or give one");
            }
            if (references.size() == 1 && combine != null) {
                throw new InputException("there is only one reference; scores are combined only toward several");
            }
            return new ShardScoring(this);
        }
    }

    String config() {
        return config;
    }

    List<Path> weights() {
        return weights.stream().map(Path::of).toList();
    }

    List<Path> references() {
        return references.stream().map(Path::of).toList();
    }

    String mimicLayer() {
        return mimicLayer;
    }

    Path vocabulary() {
        return Path.of(vocabulary);
    }

    ContrastiveScore contrastive() {
        return contrastive;
    }

    @Nullable
    ReferenceCombination combination() {
        return combine == null ? null : new ReferenceCombination(combine, 0);
    }

    /** Null for the model's. */
    @Nullable
    PixelNormalisation normalisation() {
        return mean == null || std == null ? null : new PixelNormalisation(mean, std);
    }

    int batchSize() {
        return batchSize;
    }

    double temperature() {
        return temperature;
    }

    long maxPixels() {
        return maxPixels;
    }

    BadSamples badSamples() {
        return badSamples;
    }

    /** The number of checkpoints, each of which is an epoch of the output. */
    public int epochs() {
        return weights.size();
    }

    /** The number of the first checkpoint's epoch. */
    public int firstEpoch() {
        return firstEpoch;
    }

    /** What a run that is continued must have in common with its beginning: all but the treatment of bad samples. */
    RunRecord record(List<Shard> shards, String device, int threads) {
        RunRecord record = new RunRecord("score model")
                .value("data", mark(shards))
                .value("mimic-layer", mimicLayer)
                .value("contrastive", contrastive.toString())
                .value("combine", combine == null ? "none" : combine.toString())
                .value("mean", mean == null ? "the model's" : mean.toString())
                .value("std", std == null ? "the model's" : std.toString())
                .value(ScoreSettings.BATCH_SIZE.name(), Integer.toString(batchSize))
                .value(ScoreSettings.TEMPERATURE.name(), Double.toString(temperature))
                .value("max-pixels", Long.toString(maxPixels))
                .value(ShardSettings.EPOCH.name(), Integer.toString(firstEpoch))
                .value("device", device)
                .value("threads", Integer.toString(threads));
        if (Files.isRegularFile(Path.of(config))) record.input("model-config", Path.of(config));
        else record.value("model-config", config);
        inputs(record, "weights", weights());
        inputs(record, "reference", references());
        if (Files.isRegularFile(vocabulary())) record.input("vocabulary", vocabulary());
        else record.value("vocabulary", vocabulary);
        return record;
    }

    private static void inputs(RunRecord record, String name, List<Path> files) {
        for (int i = 0; i < files.size(); i++) record.input(i == 0 ? name : name + " " + (i + 1), files.get(i));
    }

    /** The names and sizes of the shards in a few words. */
    private static String mark(List<Shard> shards) {
        CRC32C checksum = new CRC32C();
        for (Shard shard : shards) {
            String line = shard.tar() + " " + size(shard) + "\n";
            checksum.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return String.format(
                Locale.ROOT, "%d shards, names and sizes with checksum %08x", shards.size(), checksum.getValue());
    }

    /** The number of bytes of a shard. */
    static long size(Shard shard) {
        try {
            return Files.size(shard.tar());
        } catch (IOException e) {
            throw InputException.in(shard.tar(), "cannot be read: " + AtomicFile.reason(e), e);
        }
    }
}
