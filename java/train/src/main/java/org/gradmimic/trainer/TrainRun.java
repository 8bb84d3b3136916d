package org.gradmimic.trainer;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.ScoreTable;
import org.gradmimic.Tensors;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageLoader;
import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.gradmimic.layer.Parameters;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.PixelNormalisation;
import org.gradmimic.select.score.ScoreLogWriter;
import org.jspecify.annotations.Nullable;

/** One run of a {@link Trainer}: its loop over epochs and steps. */
final class TrainRun implements AutoCloseable {
    /** Rows of the score table: enough for large blocks, few enough to use little memory. */
    private static final int TABLE_ROWS = 1 << 16;

    private final Trainer trainer;
    private final TrainSettings settings;
    private final TrainListener listener;
    private final Device device;
    private final ImageClassifier model;
    private final ImageSize size;
    private final PixelNormalisation normalisation;
    private final ScheduleSettings schedule;
    private final @Nullable TrainFolder folder;
    private final int samples;
    private final int steps;
    private final TensorVector trained;
    private final Optimizer optimizer;
    private final EpochSums sums;

    /** What must be closed, the last one opened first. */
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    private final ImageLoader loader;
    private final ClassifierEvaluation evaluation;
    private final ScoreTable table;
    private final StepMethod method;

    /** Null if no average of the weights is kept. */
    private final @Nullable WeightAverage average;

    /** Null in plain training. */
    private final @Nullable MimicDirection direction;

    /** [1] long on the device: samples whose given label was predicted, since they were last read. */
    private final Tensor correct;

    private TrainCheckpoint.Position position = new TrainCheckpoint.Position();
    private @Nullable ScoreLogWriter log;
    private double waitedBefore;
    private long clock;

    TrainRun(Trainer trainer) {
        this.trainer = trainer;
        settings = trainer.settings();
        listener = trainer.listener();
        device = trainer.device();
        model = trainer.model();
        size = model.imageSize();
        folder = trainer.folder();
        InputSettings input = settings.input();
        normalisation = input.normalisation();
        schedule = settings.schedule();
        samples = trainer.data().samples();
        steps = (samples + input.batchSize() - 1) / input.batchSize();
        sums = new EpochSums(this::logged);
        try {
            table = opened(new ScoreTable(device, Math.max(TABLE_ROWS, Math.min(input.batchSize(), samples)), sums));
            Double decay = settings.averageDecay();
            average = decay == null ? null : opened(new WeightAverage(trainer.parameters(), decay));
            direction = direction();
            method = opened(method());
            loader = opened(
                    ImageLoader.builder(trainer.data().dataset(), trainer.data().split(), size)
                            .batchSize(input.batchSize())
                            .workers(input.workers())
                            .prefetch(input.prefetch())
                            .augmentation(input.augmentation())
                            .onDamage(input.onDamage())
                            .labels(trainer.data().labels())
                            .seed(settings.seed())
                            .open());
            evaluation = opened(new ClassifierEvaluation(model, device, trainer.data(), input));
        } catch (RuntimeException e) {
            closeAll();
            throw e;
        }
        trained = new TensorVector(trainer.trained().toArray(Tensor[]::new));
        optimizer = settings.optimizer().create(trained);
        correct = device.move(torch.zeros(new long[] {1}, new TensorOptions(ScalarType.Long)));
    }

    private @Nullable MimicDirection direction() {
        Parameters reference = trainer.reference();
        if (reference == null) return null;
        return opened(
                new MimicDirection(trainer.mimicLayer(), reference, settings.referenceScale(), trainer.parameters()));
    }

    private StepMethod method() {
        if (direction == null) return new PlainMethod(trainer, table);
        KeepRule rule = settings.keep();
        return rule != null
                ? new SelectiveMethod(trainer, direction, rule, table)
                : new MimicMethod(trainer, direction, table);
    }

    private <C extends AutoCloseable> C opened(C resource) {
        open.push(resource);
        return resource;
    }

    private void logged(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {
        if (log != null) log.append(epoch, step, ids, score, weight, loss, count);
        listener.accept(epoch, step, ids, score, weight, loss, count);
    }

    TrainResult toTheEnd() {
        begin();
        boolean stopped = false;
        while (position.epoch < settings.epochs() && !stopped) {
            stopped = !epoch() || !finishEpoch();
        }
        return new TrainResult(position.reports, position.bestEpoch, stopped);
    }

    /** Restores the state of an interrupted run, and opens the score log where it ended. */
    private void begin() {
        if (folder == null) return;
        TrainCheckpoint checkpoint = folder.checkpoint();
        if (checkpoint.exists()) {
            position = checkpoint.restore(trainer.parameters(), average(), optimizer, sums);
            folder.metrics(position.reports);
        } else {
            folder.names(trainer.data());
        }
        log = opened(folder.log(position.logParts));
    }

    /** Trains the rest of the current epoch; false if the listener requested a stop. */
    private boolean epoch() {
        int epoch = position.epoch;
        if (position.step == 0) sums.clear();
        method.begin(epoch);
        table.position(epoch, (long) epoch * steps + position.step);
        loader.start(order(epoch), epoch, position.step);
        startClock();
        int first = position.step;
        int every = settings.checkpointSteps();
        for (int step = first; step < steps; step++) {
            // Between the batches of one step of the optimiser there are gradients that no checkpoint has.
            if (step % settings.accumulated() == 0) {
                if (listener.stopRequested()) {
                    save();
                    return false;
                }
                if (every > 0 && step > first && step % every < settings.accumulated()) save();
                optimizer.zero_grad();
            }
            batch(epoch, step);
            if ((step + 1) % settings.accumulated() == 0 || step + 1 == steps) optimize(epoch, step);
            position.step = step + 1;
            listener.stepped((long) epoch * steps + step + 1, (long) steps * settings.epochs());
        }
        return true;
    }

    /** The samples in the order of an epoch; every epoch is drawn independently. */
    private long[] order(int epoch) {
        return SplitMix.of(settings.seed(), epoch, -1).permutation(samples);
    }

    private double rate(int epoch, int step) {
        return schedule.rate(epoch + (double) step / steps, settings.epochs());
    }

    /** The share of a batch in the samples of one step of the optimiser. */
    private double share(int step) {
        int begin = step - step % settings.accumulated();
        int end = Math.min(begin + settings.accumulated(), steps);
        long size = settings.batchSize();
        double own = Math.min(samples, (step + 1) * size) - step * size;
        return own / (Math.min(samples, end * size) - begin * size);
    }

    private void optimize(int epoch, int step) {
        Double most = settings.clipGrad();
        if (most != null) torch.clip_grad_norm_(trained, most);
        optimizer.param_groups().get(0).options().set_lr(rate(epoch, step));
        optimizer.step();
        if (average != null) average.update();
    }

    private void batch(int epoch, int step) {
        ImageBatch batch = loader.next();
        if (batch == null || batch.size() == 0) { // None of its images could be decoded.
            table.position(epoch, (long) epoch * steps + step + 1);
            return;
        }
        try (PointerScope scope = new PointerScope()) {
            Tensor labels = device.move(Tensors.of(batch.labels(), batch.size()));
            Tensor ids = device.move(Tensors.of(batch.ids(), batch.size()));
            Tensor images = device.move(normalisation.of(batch, size));
            Tensor logits = method.backward(images, labels, ids, share(step));
            correct.add_(logits.detach()
                    .argmax(new LongOptional(1), false)
                    .eq(labels)
                    .sum());
        } catch (NonFiniteException e) {
            throw EpochSums.nothingFinite(epoch, (long) epoch * steps + step, e);
        }
    }

    private void startClock() {
        clock = System.nanoTime();
        waitedBefore = loader.waited();
    }

    /** Brings the sums and the log up to the last step. */
    private void settle() {
        table.drain();
        sums.addCorrect(Host.integer(correct));
        correct.zero_();
        long now = System.nanoTime();
        double waited = loader.waited();
        sums.addSeconds((now - clock) * 1e-9, waited - waitedBefore);
        startClock();
    }

    /** Writes a checkpoint. Everything logged so far is on disk before it. */
    private void save() {
        settle();
        if (folder == null || log == null) return;
        log.flush();
        position.logParts = log.parts();
        folder.checkpoint().save(trainer.parameters(), average(), optimizer, position, sums);
        startClock();
    }

    /** Evaluates the model and writes the files of the epoch; false if the listener requested a stop. */
    private boolean finishEpoch() {
        settle();
        long begin = System.nanoTime();
        ClassifierEvaluation.Result evaluated = evaluation.of(result(), listener::stopRequested);
        if (evaluated == null) {
            startClock();
            save();
            return false;
        }
        double seconds = (System.nanoTime() - begin) * 1e-9;
        EpochReport report = sums.report(
                position.epoch,
                rate(position.epoch, steps - 1),
                evaluated,
                seconds,
                direction == null ? MimicDirection.Report.NONE : direction.report(trainer.parameters()),
                loader.damaged().size());
        position.reports.add(report);
        boolean best = report.top1() > bestSoFar();
        if (best) position.bestEpoch = position.epoch;
        if (folder != null) {
            Map<String, String> metadata = Map.of("epoch", Integer.toString(position.epoch));
            folder.weights(TrainFolder.LAST, result(), metadata);
            if (best) folder.weights(TrainFolder.BEST, result(), metadata);
        }
        position.epoch++;
        position.step = 0;
        sums.clear();
        if (folder != null) {
            folder.metrics(position.reports);
            startClock();
            save();
        }
        listener.epochFinished(report);
        return true;
    }

    private @Nullable Parameters average() {
        return average == null ? null : average.parameters();
    }

    /** The weights that are evaluated and saved: the average, if one is kept. */
    private Parameters result() {
        return average == null ? trainer.parameters() : average.parameters();
    }

    private double bestSoFar() {
        return position.bestEpoch < 0
                ? Double.NEGATIVE_INFINITY
                : position.reports.get(position.bestEpoch).top1();
    }

    private void closeAll() {
        for (; !open.isEmpty(); open.pop()) {
            try {
                open.element().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new InternalException("closing failed: " + e.getMessage(), e);
            }
        }
    }

    @Override
    public void close() {
        closeAll();
    }
}
