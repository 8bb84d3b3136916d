package org.gradmimic.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.CpuThreads;
import org.gradmimic.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** On how many threads a probe takes its steps. */
class ProbeThreadsTest {
    private static final int SAMPLES = 100;
    private static final int BATCH = 16;
    private static final int CLASSES = 5;

    private static class Listener implements ProbeListener {
        @Override
        public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {}
    }

    private final int before = CpuThreads.libTorch();

    @AfterEach
    void restore() {
        CpuThreads.limit(before);
    }

    @Test
    void smallStepsTakeOneAndLargeStepsAll() {
        CpuThreads.limit(3);
        // (16 + 16) * 5 * 26214 is the last below 2^22.
        assertThat(threadsOfSteps(12)).containsExactly(1);
        assertThat(threadsOfSteps(26_214)).containsExactly(1);
        assertThat(threadsOfSteps(26_215)).containsExactly(3);
        assertThat(CpuThreads.libTorch()).isEqualTo(3);
        assertThat(CpuThreads.kernels()).isEqualTo(3);
    }

    @Test
    void theThreadsComeBackAfterAFailure() {
        CpuThreads.limit(3);
        RuntimeException failure = new RuntimeException("the listener's");
        Listener failing = new Listener() {
            @Override
            public void stepped(long done, long total) {
                throw failure;
            }
        };
        try (PointerScope scope = new PointerScope()) {
            Probe probe = probe(12, failing);
            assertThatThrownBy(probe::run).isSameAs(failure);
        }
        assertThat(CpuThreads.libTorch()).isEqualTo(3);
    }

    @Test
    void aSmallHeadHasTheSameBitsWhateverTheThreads() {
        float[] one = weight(1);
        assertThat(one).doesNotContain(Float.NaN).hasSize(CLASSES * 300);
        assertThat(weight(3)).isEqualTo(one);
    }

    private static float[] weight(int threads) {
        CpuThreads.limit(threads);
        try (PointerScope scope = new PointerScope()) {
            return probe(300, new Listener()).run().weight();
        }
    }

    private static Set<Integer> threadsOfSteps(int width) {
        Set<Integer> seen = new HashSet<>();
        try (PointerScope scope = new PointerScope()) {
            probe(width, new Listener() {
                        @Override
                        public void stepped(long done, long total) {
                            seen.add(CpuThreads.libTorch());
                        }
                    })
                    .run();
        }
        return seen;
    }

    private static Probe probe(int width, ProbeListener listener) {
        Random random = new Random(1);
        float[] features = new float[SAMPLES * width];
        for (int i = 0; i < features.length; i++) features[i] = (float) random.nextGaussian();
        long[] labels = random.longs(SAMPLES, 0, CLASSES).toArray();
        ProbeData data = ProbeData.builder()
                .features(Tensors.of(features, SAMPLES, width))
                .labels(Tensors.of(labels, SAMPLES))
                .classes(CLASSES)
                .build();
        ProbeSettings settings = ProbeSettings.of(Mode.SGD)
                .learningRate(1e-3)
                .weightDecay(1e-2)
                .batchSize(BATCH)
                .epochs(1)
                .seed(1)
                .build();
        return new Probe(data, settings, listener);
    }
}
