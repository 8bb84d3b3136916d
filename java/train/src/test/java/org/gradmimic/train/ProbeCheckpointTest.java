package org.gradmimic.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.base.InputException;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A probe that is interrupted and goes on, against one that was never interrupted. */
class ProbeCheckpointTest {
    private static final int N = 70;
    private static final int EPOCHS = 5;

    @TempDir
    Path folder;

    private final PointerScope scope = new PointerScope();
    private ProbeData data;

    @BeforeEach
    void draw() {
        torch.manual_seed(3);
        Tensor features = torch.randn(N, 6);
        Tensor labels = torch.randint(3, new long[] {N}, new TensorOptions(torch.ScalarType.Long));
        // One sample is never finite, and named in every epoch.
        features.narrow(0, 9, 1).fill_(new org.bytedeco.pytorch.Scalar(Float.NaN));
        data = ProbeData.builder()
                .features(features)
                .labels(labels)
                .referenceWeight(torch.randn(3, 6))
                .trueLabels(labels)
                .build();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static ProbeSettings settings(Mode mode, OptimizerSettings.Kind kind) {
        return ProbeSettings.of(mode)
                .temperature(0.5)
                .optimizer(new OptimizerSettings(kind, 0.05, 1e-3, 0.9))
                .batchSize(16)
                .epochs(EPOCHS)
                .startingEpoch(1)
                .seed(7)
                .build();
    }

    /** The process dies at the end of an epoch: after its log was written, before its checkpoint. */
    private static final class Death extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** @param death the epoch at whose end the process dies; -1: never */
    private record Watcher(int death) implements ProbeListener {
        @Override
        public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {}

        @Override
        public void epochFinished(EpochMetrics metrics) {
            if (metrics.epoch() == death) throw new Death();
        }
    }

    private ProbeResult run(Path out, ProbeSettings settings, int death, boolean resume) throws Exception {
        Files.createDirectories(out);
        ProbeCheckpoint checkpoint = new ProbeCheckpoint(out.resolve("checkpoint"));
        Watcher watcher = new Watcher(death);
        try (ProbeRecorder recorder = resume
                ? ProbeRecorder.resume(out, EPOCHS, N, watcher, checkpoint.finishedEpochs())
                : new ProbeRecorder(out, EPOCHS, N, watcher)) {
            ProbeResult result = new Probe(data, settings, recorder).run(checkpoint);
            recorder.commit();
            return result;
        }
    }

    @ParameterizedTest
    @CsvSource({"MIMIC, ADAMW", "MIMIC, SGD", "AGRA, SGD", "GRAD_MATCH, ADAMW"})
    void aResumedProbeGivesTheSameBits(Mode mode, OptimizerSettings.Kind kind) throws Exception {
        ProbeSettings settings = settings(mode, kind);
        ProbeResult whole = run(folder.resolve("whole"), settings, -1, false);
        Path out = folder.resolve("killed");
        // In the first epoch, twice in the same one, and in the last one.
        for (int death : new int[] {0, 2, 2, EPOCHS - 1}) {
            assertThatThrownBy(() -> run(out, settings, death, Files.exists(out)))
                    .isInstanceOf(Death.class);
            assertThat(new ProbeCheckpoint(out.resolve("checkpoint")).finishedEpochs())
                    .isEqualTo(death);
            assertThat(ScoreLog.open(out.resolve("scores")).epochs()).isEqualTo(death + 1);
        }
        ProbeResult resumed = run(out, settings, -1, true);

        assertThat(resumed.weight()).containsExactly(whole.weight());
        assertThat(resumed.bias()).containsExactly(whole.bias());
        assertThat(withoutSeconds(resumed)).isEqualTo(withoutSeconds(whole));
        assertThat(resumed.epochs().get(1).nonFinite()).containsExactly(9L);
        for (String name : new String[] {"scores.npy", "sample_weights.npy"}) {
            assertThat(out.resolve(name)).hasSameBinaryContentAs(folder.resolve("whole/" + name));
        }
        assertThat(ScoreLog.open(out.resolve("scores")).rows()).isEqualTo((long) EPOCHS * N);
    }

    private static List<EpochMetrics> withoutSeconds(ProbeResult result) {
        return result.epochs().stream()
                .map(m -> new EpochMetrics(
                        m.epoch(),
                        m.meanLoss(),
                        m.batchLosses(),
                        m.noisyAccuracy(),
                        m.trueAccuracy(),
                        m.testAccuracy(),
                        m.testLoss(),
                        m.directionNorm(),
                        m.nonFinite(),
                        0))
                .toList();
    }

    @Test
    void aFinishedRunIsReadBack() throws Exception {
        ProbeSettings settings = settings(Mode.MIMIC, OptimizerSettings.Kind.ADAMW);
        ProbeResult whole = run(folder.resolve("run"), settings, -1, false);
        ProbeResult again = run(folder.resolve("run"), settings, -1, true);
        assertThat(again.weight()).containsExactly(whole.weight());
        assertThat(again.epochs()).isEqualTo(whole.epochs());
    }

    @Test
    void aDamagedCheckpointIsRefused() throws Exception {
        ProbeSettings settings = settings(Mode.MIMIC, OptimizerSettings.Kind.ADAMW);
        Path out = folder.resolve("run");
        run(out, settings, -1, false);
        Path file = out.resolve("checkpoint");
        byte[] bytes = Files.readAllBytes(file);
        for (int length : new int[] {0, 10, bytes.length / 2, bytes.length - 1}) {
            Files.write(file, java.util.Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> run(out, settings, -1, true))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith(file + " is damaged or no checkpoint of this run: ")
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void aLogWithoutAnEpochIsRefused() throws Exception {
        ProbeSettings settings = settings(Mode.MIMIC, OptimizerSettings.Kind.ADAMW);
        Path out = folder.resolve("run");
        run(out, settings, -1, false);
        Files.delete(out.resolve("scores/part-000004.parquet"));
        assertThatThrownBy(() -> run(out, settings, -1, true))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("scores of 4 epochs")
                .hasMessageContaining("5 epochs of 70 samples");
    }
}
