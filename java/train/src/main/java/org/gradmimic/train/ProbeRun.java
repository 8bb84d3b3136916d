package org.gradmimic.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.gradmimic.device.Device;
import org.gradmimic.io.npy.NpyWriter;
import org.jspecify.annotations.Nullable;

/**
 * A probe that leaves its results in a folder: the score log and the matrices ({@link ProbeRecorder}), and the trained
 * head in {@value #WEIGHT} and {@value #BIAS}. A checkpoint in the folder lets it continue after its last finished
 * epoch.
 *
 * <pre>{@code
 * ProbeResult result = ProbeRun.builder(folder, data, settings).listener(listener).build().run();
 * }</pre>
 */
public final class ProbeRun {
    /** The file of the trained weight, [C,D]. */
    public static final String WEIGHT = "final_weight.npy";

    /** The file of the trained bias, [C]. */
    public static final String BIAS = "final_bias.npy";

    private static final String CHECKPOINT = ".checkpoint";

    private final Path folder;
    private final ProbeData data;
    private final ProbeSettings settings;
    private final Device device;
    private final ProbeListener listener;
    private final long @Nullable [] numbers;
    private final int samples;
    private final ProbeCheckpoint checkpoint;

    private ProbeRun(Builder builder, ProbeListener listener) {
        folder = builder.folder;
        data = builder.data;
        settings = builder.settings;
        device = builder.device;
        this.listener = listener;
        numbers = builder.numbers;
        samples = numbers == null ? data.samples() : builder.samples;
        checkpoint = new ProbeCheckpoint(folder.resolve(CHECKPOINT));
    }

    /**
     * A builder of a run.
     *
     * @param folder must exist; contains nothing of a probe, or what an interrupted run with the same data and settings
     *     left
     */
    public static Builder builder(Path folder, ProbeData data, ProbeSettings settings) {
        return new Builder(folder, data, settings);
    }

    /** Collects what a run consists of. */
    public static final class Builder {
        private final Path folder;
        private final ProbeData data;
        private final ProbeSettings settings;
        private Device device = Device.CPU;
        private @Nullable ProbeListener listener;
        private long @Nullable [] numbers;
        private int samples;

        private Builder(Path folder, ProbeData data, ProbeSettings settings) {
            this.folder = folder;
            this.data = data;
            this.settings = settings;
        }

        /** Sets the device; the default is the CPU. */
        public Builder device(Device device) {
            this.device = device;
            return this;
        }

        /** Sets a listener; the default is none. */
        public Builder listener(ProbeListener listener) {
            this.listener = listener;
            return this;
        }

        /**
         * Sets the samples' numbers in the outputs, for data that is a part of a data set. By default a sample's number
         * is its row.
         *
         * @param numbers [N], each at most once
         * @param of the number of samples of the whole data set; the matrices have a column for each
         */
        public Builder numbers(long[] numbers, int of) {
            this.numbers = numbers;
            this.samples = of;
            return this;
        }

        /**
         * Builds the run.
         *
         * @throws org.gradmimic.base.InputException as {@link Probe#check}
         */
        public ProbeRun build() {
            Probe.check(data, settings);
            return new ProbeRun(this, listener != null ? listener : (epoch, step, ids, score, weight, loss, n) -> {});
        }
    }

    /** Names of the files and folders that a run writes, those of an unfinished one included. */
    public static List<String> outputs() {
        List<String> names = new ArrayList<>(ProbeRecorder.outputs());
        names.addAll(List.of(CHECKPOINT, WEIGHT, BIAS));
        return List.copyOf(names);
    }

    /**
     * The number of finished epochs of the run in a folder; 0 if there is none.
     *
     * @throws org.gradmimic.base.InputException if its checkpoint is damaged
     */
    public static int finishedEpochs(Path folder) {
        return new ProbeCheckpoint(folder.resolve(CHECKPOINT)).finishedEpochs();
    }

    /**
     * Trains the epochs that are not finished and writes the files.
     *
     * @throws org.gradmimic.base.InputException if a file cannot be written, or what is in the folder belongs to another
     *     run
     */
    public ProbeResult run() {
        ProbeResult result;
        try (ProbeRecorder recorder = recorder()) {
            ProbeListener target = numbers == null ? recorder : new Renumbered(recorder, numbers);
            result = new Probe(device, data, settings, target).run(checkpoint);
            recorder.commit();
        }
        long width = result.weight().length / data.classes();
        NpyWriter.write(folder.resolve(WEIGHT), result.weight(), data.classes(), width);
        NpyWriter.write(folder.resolve(BIAS), result.bias(), data.classes());
        return result;
    }

    private ProbeRecorder recorder() {
        int finished = checkpoint.finishedEpochs();
        return finished > 0 || Files.exists(folder.resolve(ProbeRecorder.LOG))
                ? ProbeRecorder.resume(folder, settings.epochs(), samples, listener, finished)
                : new ProbeRecorder(folder, settings.epochs(), samples, listener);
    }

    /** Passes scores on under other numbers. */
    private record Renumbered(ProbeListener next, long[] numbers) implements ProbeListener {
        @Override
        public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {
            long[] given = new long[count];
            for (int i = 0; i < count; i++) given[i] = numbers[(int) ids[i]];
            next.accept(epoch, step, given, score, weight, loss, count);
        }

        @Override
        public void stepped(long steps, long totalSteps) {
            next.stepped(steps, totalSteps);
        }

        @Override
        public boolean stopRequested() {
            return next.stopRequested();
        }

        @Override
        public void epochFinished(EpochMetrics metrics) {
            next.epochFinished(metrics);
        }
    }
}
