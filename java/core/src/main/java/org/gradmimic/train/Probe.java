package org.gradmimic.train;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.DirectionSource;
import org.gradmimic.HeadBatch;
import org.gradmimic.HeadStep;
import org.gradmimic.MimicHead;
import org.gradmimic.ScoreTable;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.kernel.GradmimicException;
import org.gradmimic.select.InputException;
import org.jspecify.annotations.Nullable;

/**
 * Trains a linear head on frozen features, in any {@link Mode}. What the reference says of the features never changes, so
 * its logits and losses are computed once, and a step needs the two matrix products of plain training and no third.
 */
public final class Probe {
    /** Rows in the score table: large blocks, and little memory. */
    private static final int TABLE_ROWS = 1 << 16;

    private final ProbeData data;
    private final ProbeSettings settings;
    private final ProbeListener listener;
    private final SampleOrder order;
    private final long samples;

    /**
     * Begins nothing yet; see {@link #run}.
     *
     * @throws org.gradmimic.select.InputException as {@link #check}
     */
    public Probe(ProbeData data, ProbeSettings settings, ProbeListener listener) {
        this.data = data;
        this.settings = settings;
        this.listener = listener;
        ProbeChecks.check(data, settings);
        samples = data.features().size(0);
        order = new SampleOrder(settings, samples);
    }

    /**
     * Refuses data and settings that do not go together; the constructor does so too.
     *
     * @throws org.gradmimic.select.InputException that names the file's option, its shape or its entry
     */
    public static void check(ProbeData data, ProbeSettings settings) {
        ProbeChecks.check(data, settings);
    }

    /** Trains to the end or until the listener asks to stop. */
    public ProbeResult run() {
        return run(null);
    }

    /**
     * Trains from the state that the checkpoint has, if it has one, and writes it anew after every epoch, once the listener
     * knows of it: what comes out has the bits of a run that was never interrupted. Data and settings must be the same.
     *
     * @param checkpoint null keeps none
     * @throws InputException if the checkpoint is damaged or cannot be written
     */
    public ProbeResult run(@Nullable ProbeCheckpoint checkpoint) {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(settings.seed());
            LinearImpl linear = new LinearImpl(data.features().size(1), settings.classes());
            Tensor weight = linear.weight();
            Tensor bias = linear.bias();
            try (var noGrad = new org.bytedeco.pytorch.NoGradGuard()) {
                if (data.initialWeight() != null) weight.copy_(data.initialWeight());
                if (data.initialBias() != null) bias.copy_(data.initialBias());
            }
            Optimizer optimizer = settings.optimizer().create(new TensorVector(weight, bias));
            List<EpochMetrics> epochs = new ArrayList<>();
            if (checkpoint != null) epochs.addAll(checkpoint.restore(weight, bias, optimizer));
            Comparison comparison = new Comparison();
            try (ScoreTable table = new ScoreTable(tableRows(), listener);
                    ReferenceCache cache = ReferenceCache.of(data, settings);
                    MimicHead head = new MimicHead(
                            weight, bias, source(comparison), Weighting.uniform(), settings.calibration(), table)) {
                boolean stopped = train(head, optimizer, table, cache, comparison, epochs, checkpoint);
                return new ProbeResult(Tensors.floats(weight), Tensors.floats(bias), epochs, stopped);
            }
        }
    }

    private int tableRows() {
        return (int) Math.max(TABLE_ROWS, Math.min(settings.batchSize(), samples));
    }

    private DirectionSource source(Comparison comparison) {
        return switch (settings.mode()) {
            case SGD, GRAND, RHO -> DirectionSource.none();
            case MIMIC -> DirectionSource.reference(data.referenceWeight());
            case INFLUENCE -> {
                HeadBatch clean = new HeadBatch(data.cleanFeatures(), data.cleanLabels());
                yield DirectionSource.comparison(() -> clean);
            }
            case AGRA -> DirectionSource.comparison(comparison::batch);
            case GRAD_MATCH -> DirectionSource.ownMean();
        };
    }

    /** Trains the epochs that are missing and adds them; true if the listener asked to stop. */
    private boolean train(
            MimicHead head,
            Optimizer optimizer,
            ScoreTable table,
            ReferenceCache cache,
            Comparison comparison,
            List<EpochMetrics> epochs,
            @Nullable ProbeCheckpoint checkpoint) {
        long steps = (samples + settings.batchSize() - 1) / settings.batchSize();
        boolean stopped = false;
        for (int epoch = epochs.size(); epoch < settings.epochs() && !stopped; epoch++) {
            head.weighting(epoch < settings.startingEpoch() ? Weighting.uniform() : settings.weighting());
            long[] permutation = order.epoch(epoch);
            List<Double> losses = new ArrayList<>();
            List<Long> nonFinite = new ArrayList<>();
            long begin = System.nanoTime();
            table.position(epoch, epoch * steps);
            for (int step = 0; step < steps; step++) {
                if (listener.stopRequested()) {
                    stopped = true;
                    break;
                }
                int from = step * settings.batchSize();
                int count = (int) Math.min(settings.batchSize(), samples - from);
                comparison.position(epoch, step, count);
                step(head, optimizer, cache, permutation, from, count, losses, nonFinite);
                listener.stepped(epoch * steps + step + 1, steps * settings.epochs());
            }
            double seconds = (System.nanoTime() - begin) * 1e-9;
            table.drain();
            if (stopped) break;
            EpochMetrics metrics = Evaluation.of(data, head, epoch, losses, nonFinite, seconds);
            epochs.add(metrics);
            listener.epochFinished(metrics);
            if (checkpoint != null) checkpoint.save(head.weight(), head.bias(), optimizer, epochs);
        }
        return stopped;
    }

    private void step(
            MimicHead head,
            Optimizer optimizer,
            ReferenceCache cache,
            long[] permutation,
            int from,
            int count,
            List<Double> losses,
            List<Long> nonFinite) {
        try (PointerScope scope = new PointerScope()) {
            LongPointer indices = new LongPointer(count);
            indices.put(permutation, from, count);
            Tensor ids = torch.from_blob(
                    indices, new long[] {count}, new org.bytedeco.pytorch.TensorOptions(torch.ScalarType.Long));
            HeadBatch batch = cache.batch(
                    torch.index_select(data.features(), 0, ids), torch.index_select(data.labels(), 0, ids), ids);
            HeadStep step = head.step(batch);
            losses.add(step.meanLoss());
            if (step.nonFinite() > 0) nonFinite.addAll(step.nonFiniteIds());
            optimizer.zero_grad();
            step.backward();
            optimizer.step();
        } catch (GradmimicException.NonFinite e) {
            throw new InputException(
                    "the batch of samples " + permutation[from] + " … " + permutation[from + count - 1]
                            + " has no finite score: their features are not finite, or the head has diverged and a"
                            + " smaller learning rate helps (" + e.getMessage() + ")",
                    e);
        }
    }

    /** AGRA's second batch of a step. */
    private final class Comparison {
        private long[] indices = new long[0];

        void position(int epoch, int step, int count) {
            if (settings.mode() == Mode.AGRA) indices = order.comparison(epoch, step, count);
        }

        HeadBatch batch() {
            Tensor ids = Tensors.of(indices, indices.length);
            return new HeadBatch(
                    torch.index_select(data.features(), 0, ids), torch.index_select(data.labels(), 0, ids));
        }
    }
}
