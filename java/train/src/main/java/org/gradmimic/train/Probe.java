package org.gradmimic.train;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.CpuThreads;
import org.gradmimic.DirectionSource;
import org.gradmimic.HeadBatch;
import org.gradmimic.HeadStep;
import org.gradmimic.MimicHead;
import org.gradmimic.ScoreTable;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.base.SettingText;
import org.gradmimic.device.Device;
import org.jspecify.annotations.Nullable;

/**
 * Trains a linear head on frozen features, in any {@link Mode}. The reference's logits and losses for the features
 * never change, so they are computed once. A step then needs the two matrix products of plain training and no third.
 *
 * <p>Small steps run on one thread. With OpenBLAS, the number of threads belongs to the whole process; its previous
 * value is restored after the steps of each epoch.
 */
public final class Probe {
    /** Rows of the score table: enough for large blocks, few enough to use little memory. */
    private static final int TABLE_ROWS = 1 << 16;

    /**
     * Up to this much work (see {@link Run#oneThread}), a step on one thread is at least as fast as on two threads that
     * wait for each other between its parts. If other programs use the processor, that wait grows to milliseconds
     * (docs/kernels.md).
     */
    private static final long ONE_THREAD_WORK = 1L << 22;

    /** The cost of the optimiser's pass per element of the weight, in multiply-adds of a matrix product. */
    private static final int OPTIMIZER_WORK = 16;

    private final Device device;
    private final ProbeData data;
    private final ProbeSettings settings;
    private final ProbeListener listener;
    private final SampleOrder order;
    private final long samples;
    private final Mode mode;

    /** Trains on the CPU; see the other constructor. */
    public Probe(ProbeData data, ProbeSettings settings, ProbeListener listener) {
        this(Device.CPU, data, settings, listener);
    }

    /**
     * Prepares a probe; {@link #run} trains it.
     *
     * @param device where to train; all data is copied to it. A step reads no number from the device; only draining the
     *     score table does
     * @param data on the CPU
     * @throws org.gradmimic.base.InputException as {@link #check}
     */
    public Probe(Device device, ProbeData data, ProbeSettings settings, ProbeListener listener) {
        this.device = device;
        this.data = data;
        this.settings = settings;
        this.listener = listener;
        ProbeChecks.check(data, settings);
        samples = data.features().size(0);
        mode = settings.mode();
        order = new SampleOrder(data, settings);
    }

    /**
     * Rejects data and settings that do not fit each other. The constructor calls this too.
     *
     * @throws org.gradmimic.base.InputException that names the array, its file if it was read from one, and its shape or entry
     */
    public static void check(ProbeData data, ProbeSettings settings) {
        ProbeChecks.check(data, settings);
    }

    /**
     * Remarks that the user should read before the run begins, one line each: settings and arrays that were given but
     * are not used, a learning rate of 0, labels of one class, a reference with more classes than the labels.
     *
     * @param data that {@link #check} accepts together with {@code settings}
     */
    public static List<SettingText> remarks(ProbeData data, ProbeSettings settings) {
        return ProbeRemarks.of(data, settings);
    }

    /** Trains to the end, or until the listener requests a stop. */
    public ProbeResult run() {
        return run(null);
    }

    /**
     * Continues from the state in the checkpoint, if it has one, and writes the checkpoint after every epoch, once the
     * listener has been notified. The result has the same bits as that of an uninterrupted run. Data and settings must
     * be the same.
     *
     * @param checkpoint null: no checkpoint
     * @throws InputException if the checkpoint is damaged or cannot be written
     */
    public ProbeResult run(@Nullable ProbeCheckpoint checkpoint) {
        try (PointerScope scope = new PointerScope()) {
            return new Run(data.on(device)).to(checkpoint);
        }
    }

    private int tableRows() {
        return (int) Math.max(TABLE_ROWS, Math.min(settings.batchSize(), samples));
    }

    /** One training run and its tensors on the device. */
    private final class Run {
        private final ProbeData here;
        private final Comparison comparison;
        private final Tensor weight;
        private final Tensor bias;
        private final Optimizer optimizer;

        Run(ProbeData here) {
            this.here = here;
            comparison = new Comparison(here);
            torch.manual_seed(settings.seed());
            LinearImpl linear = new LinearImpl(here.features().size(1), here.classes());
            weight = parameter(linear.weight(), here.get(ProbeInput.INITIAL_WEIGHT));
            bias = parameter(linear.bias(), here.get(ProbeInput.INITIAL_BIAS));
            optimizer = settings.optimizer().create(new TensorVector(weight, bias));
        }

        /** The given tensor, or the one initialised from the seed; the seed is used on the CPU whatever the device. */
        private Tensor parameter(Tensor drawn, @Nullable Tensor given) {
            Tensor parameter =
                    device.has(drawn) ? drawn : device.move(drawn.detach()).set_requires_grad(true);
            if (given != null) {
                try (NoGradGuard noGrad = new NoGradGuard()) {
                    parameter.copy_(given);
                }
            }
            return parameter;
        }

        ProbeResult to(@Nullable ProbeCheckpoint checkpoint) {
            List<EpochMetrics> epochs = new ArrayList<>();
            if (checkpoint != null) epochs.addAll(checkpoint.restore(weight, bias, optimizer));
            try (ReferenceCache cache = ReferenceCache.of(here, settings, !device.asynchronous())) {
                DirectionSource source = source(here, comparison);
                StepLog log = new StepLog(listener, !(source instanceof DirectionSource.None), cache.unusable());
                try (ScoreTable table = new ScoreTable(device, tableRows(), log);
                        MimicHead head = MimicHead.builder(weight)
                                .bias(bias)
                                .direction(source)
                                .weighting(Weighting.uniform())
                                .calibration(settings.calibration())
                                .table(table)
                                .build()) {
                    boolean stopped = train(head, table, log, cache, epochs, checkpoint);
                    return new ProbeResult(Tensors.floats(weight), Tensors.floats(bias), epochs, stopped);
                }
            }
        }

        /** Trains the remaining epochs and appends their metrics. Returns true if the listener requested a stop. */
        private boolean train(
                MimicHead head,
                ScoreTable table,
                StepLog log,
                ReferenceCache cache,
                List<EpochMetrics> epochs,
                @Nullable ProbeCheckpoint checkpoint) {
            long steps = (samples + settings.batchSize() - 1) / settings.batchSize();
            boolean stopped = false;
            for (int epoch = epochs.size(); epoch < settings.epochs() && !stopped; epoch++) {
                Weighting weighting = epoch < settings.startingEpoch() ? Weighting.uniform() : settings.weighting();
                head.weighting(weighting);
                log.begin(weighting.kind());
                long[] permutation = order.epoch(epoch);
                long begin = System.nanoTime();
                table.position(epoch, epoch * steps);
                try (PointerScope scope = new PointerScope()) {
                    Tensor ids = device.move(Tensors.of(permutation, samples));
                    int threads = CpuThreads.libTorch();
                    if (oneThread()) CpuThreads.limit(1);
                    try {
                        for (int step = 0; step < steps; step++) {
                            if (listener.stopRequested()) {
                                stopped = true;
                                break;
                            }
                            int from = step * settings.batchSize();
                            int count = (int) Math.min(settings.batchSize(), samples - from);
                            comparison.position(epoch, step, count);
                            step(head, cache, ids, permutation, from, count);
                            listener.stepped(epoch * steps + step + 1, steps * settings.epochs());
                        }
                    } finally {
                        if (oneThread()) CpuThreads.limit(threads);
                    }
                    table.drain();
                }
                double seconds = (System.nanoTime() - begin) * 1e-9;
                if (stopped) break;
                EpochMetrics metrics = Evaluation.of(here, head, epoch, log.losses(), log.nonFinite(), seconds);
                epochs.add(metrics);
                listener.epochFinished(metrics);
                if (checkpoint != null) checkpoint.save(weight, bias, optimizer, epochs);
            }
            return stopped;
        }

        /**
         * Whether the steps are too small for several threads. This depends on the shapes alone, so the load of the
         * machine never changes the bits.
         */
        private boolean oneThread() {
            long elements = here.classes() * here.features().size(1);
            long rows = Math.min(settings.batchSize(), samples);
            return !weight.is_cuda() && (rows + OPTIMIZER_WORK) * elements <= ONE_THREAD_WORK;
        }

        private void step(MimicHead head, ReferenceCache cache, Tensor ids, long[] permutation, int from, int count) {
            try (PointerScope scope = new PointerScope()) {
                Tensor some = ids.narrow(0, from, count);
                HeadBatch batch = cache.batch(
                        torch.index_select(here.features(), 0, some), torch.index_select(here.labels(), 0, some), some);
                HeadStep step = head.step(batch);
                optimizer.zero_grad();
                step.backward();
                optimizer.step();
            } catch (NonFiniteException e) {
                throw StepLog.noFiniteScore(permutation[from], permutation[from + count - 1], e);
            }
        }
    }

    private DirectionSource source(ProbeData here, Comparison comparison) {
        return switch (mode) {
            case SGD, GRAND, RHO -> DirectionSource.none();
            case MIMIC -> DirectionSource.reference(here.need(ProbeInput.REFERENCE_WEIGHT), settings.referenceScale());
            case INFLUENCE -> {
                HeadBatch clean =
                        new HeadBatch(here.need(ProbeInput.CLEAN_FEATURES), here.need(ProbeInput.CLEAN_LABELS));
                yield DirectionSource.comparison(() -> clean);
            }
            case AGRA -> DirectionSource.comparison(comparison::batch);
            case GRAD_MATCH -> DirectionSource.ownMean();
        };
    }

    /** The second batch that AGRA compares each step with. */
    private final class Comparison {
        private final ProbeData here;
        private long[] indices = new long[0];

        Comparison(ProbeData here) {
            this.here = here;
        }

        void position(int epoch, int step, int count) {
            if (mode == Mode.AGRA) indices = order.comparison(epoch, step, count);
        }

        HeadBatch batch() {
            Tensor ids = device.move(Tensors.of(indices, indices.length));
            return new HeadBatch(
                    torch.index_select(here.features(), 0, ids), torch.index_select(here.labels(), 0, ids));
        }
    }
}
