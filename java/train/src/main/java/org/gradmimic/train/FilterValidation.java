package org.gradmimic.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.device.Device;
import org.gradmimic.io.run.SettingValues;

/**
 * Says what a filter is worth: trains a linear head on the samples that it keeps and on random samples of the same number,
 * with several seeds, and compares the accuracies on a test set. Both trainings of a seed begin with the same head and make
 * the same number of steps.
 */
public final class FilterValidation {
    /** The stream of random numbers that chooses samples. */
    private static final long STREAM = 1;

    private final Device device;
    private final ProbeData data;
    private final SettingValues settings;

    /**
     * Two trainings.
     *
     * @param seed of both
     * @param kept test accuracy of the head trained on the samples of the filter
     * @param random test accuracy of the head trained on random samples
     */
    public record Pair(long seed, double kept, double random) {
        /** What the filter is worth, in accuracy. */
        public double worth() {
            return kept - random;
        }
    }

    /**
     * @param data with features, labels, and a test set
     * @param settings of {@link ValidationSettings#GROUP}
     * @throws InputException if the data does not fit together
     * @throws InvalidArgumentException without a test set
     */
    public FilterValidation(Device device, ProbeData data, SettingValues settings) {
        if (!data.has(ProbeInput.TEST_FEATURES) || !data.has(ProbeInput.TEST_LABELS)) {
            throw new InvalidArgumentException("a filter is validated on a test set, and there is none");
        }
        this.device = device;
        this.data = data;
        this.settings = settings;
        Probe.check(data, ValidationSettings.probe(settings, 0));
    }

    /**
     * Trains.
     *
     * @param kept the samples of the filter; a number may occur several times
     * @param done is called after every training, two for each seed
     * @return one pair for each seed
     * @throws InputException if there is no sample, or a number is out of range
     */
    public List<Pair> run(long[] kept, Runnable done) {
        if (kept.length == 0) throw new InputException("the filter keeps no samples, so there is nothing to train on");
        for (long sample : kept) {
            if (sample < 0 || sample >= data.samples()) {
                throw new InputException(
                        "the filter keeps sample " + sample + "; expected 0 to " + (data.samples() - 1));
            }
        }
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < settings.get(ValidationSettings.SEEDS); i++) {
            ProbeSettings probe = ValidationSettings.probe(settings, i);
            double ofFilter = accuracy(kept, probe);
            done.run();
            double ofRandom = accuracy(random(kept.length, probe.seed()), probe);
            done.run();
            pairs.add(new Pair(probe.seed(), ofFilter, ofRandom));
        }
        return pairs;
    }

    /** Samples at random, each once; if there are too few, each as often as every other, and the rest at random. */
    private long[] random(int count, long seed) {
        int samples = data.samples();
        long[] order = SplitMix.of(seed, STREAM, 0).permutation(samples);
        long[] chosen = new long[count];
        for (int i = 0; i < count; i++) chosen[i] = order[i % samples];
        return chosen;
    }

    private double accuracy(long[] samples, ProbeSettings probe) {
        try (PointerScope scope = new PointerScope()) {
            Tensor index = Tensors.of(samples, samples.length);
            ProbeData part = ProbeData.builder()
                    .features(data.features().index_select(0, index))
                    .labels(data.labels().index_select(0, index))
                    .test(
                            Objects.requireNonNull(data.get(ProbeInput.TEST_FEATURES)),
                            Objects.requireNonNull(data.get(ProbeInput.TEST_LABELS)))
                    .classes(data.classes())
                    .build();
            List<EpochMetrics> epochs =
                    new Probe(device, part, probe, new NoListener()).run().epochs();
            return epochs.get(epochs.size() - 1).testAccuracy();
        }
    }

    private static final class NoListener implements ProbeListener {
        @Override
        public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {}
    }
}
