package org.gradmimic.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ArchiveWriter;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;

/**
 * The state a probe needs to continue after its last finished epoch: the head, the state of the optimiser and the
 * metrics so far. It is one file in LibTorch's archive format, whole or absent. Orders and comparison batches are drawn
 * again from the seed in every epoch, so there is no other state.
 */
public final class ProbeCheckpoint {
    private static final String WEIGHT = "gradmimic.weight";
    private static final String BIAS = "gradmimic.bias";
    private static final String METRICS = "gradmimic.metrics";
    private static final String LOSSES = "gradmimic.batch_losses";
    private static final String NON_FINITE = "gradmimic.non_finite";

    /** The number of bytes written at a time; a buffer holds at most 2 GiB. */
    private static final long PIECE = 1L << 24;

    /** The number of an epoch's metrics that are single numbers. */
    private static final int COLUMNS = 7;

    private final Path file;

    /** @param file where the checkpoint is or will be */
    public ProbeCheckpoint(Path file) {
        this.file = file;
    }

    /**
     * The number of finished epochs; 0 if there is no checkpoint yet.
     *
     * @throws InputException if the file is damaged
     */
    public int finishedEpochs() {
        if (!Files.exists(file)) return 0;
        try (PointerScope scope = new PointerScope()) {
            return Math.toIntExact(read(open(), METRICS).size(0));
        }
    }

    /** Deletes the file, once a run has ended. */
    public void delete() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new InputException("cannot delete " + file + ": " + e.getMessage(), e);
        }
    }

    /** Writes the state after {@code epochs}. */
    void save(Tensor weight, Tensor bias, Optimizer optimizer, List<EpochMetrics> epochs) {
        try (PointerScope scope = new PointerScope()) {
            OutputArchive archive = new OutputArchive();
            optimizer.save(archive);
            // A copy, because the archive of a view would contain all of the memory that the view refers to.
            archive.write(WEIGHT, weight.detach().clone());
            archive.write(BIAS, bias.detach());
            archive.write(METRICS, doubles(numbers(epochs), epochs.size(), COLUMNS));
            double[] losses = epochs.stream()
                    .flatMap(m -> m.batchLosses().stream())
                    .mapToDouble(x -> x)
                    .toArray();
            archive.write(LOSSES, doubles(losses, epochs.size(), losses.length / Math.max(1, epochs.size())));
            long[] nonFinite = epochs.stream()
                    .flatMap(m -> m.nonFinite().stream().flatMap(id -> List.of((long) m.epoch(), id).stream()))
                    .mapToLong(x -> x)
                    .toArray();
            archive.write(NON_FINITE, Tensors.of(nonFinite, nonFinite.length / 2, 2));
            try (AtomicFile target = AtomicFile.create(file)) {
                write(archive, target);
                target.commit();
            }
        }
    }

    /**
     * LibTorch's own writing to a file ends the process when the disk is full, so Java takes the bytes and writes them.
     */
    private static void write(OutputArchive archive, AtomicFile target) {
        InputException[] failure = {null};
        try (ArchiveWriter writer = new ArchiveWriter() {
            private long at;

            @Override
            public long call(Pointer data, long size) {
                for (long from = 0; from < size && failure[0] == null; from += PIECE) {
                    long count = Math.min(PIECE, size - from);
                    try {
                        target.writeAt(
                                new BytePointer(data)
                                        .getPointer(from)
                                        .capacity(count)
                                        .asByteBuffer(),
                                at + from);
                    } catch (InputException e) {
                        failure[0] = e; // An exception must not pass into LibTorch.
                    }
                }
                at += size;
                return size;
            }
        }) {
            archive.save_to(writer);
        }
        if (failure[0] != null) throw failure[0];
    }

    /**
     * Restores the state, if there is one.
     *
     * @param weight [C,D], overwritten
     * @param bias [C], overwritten
     * @param optimizer over these two, its state overwritten
     * @return metrics of the finished epochs; empty if there is no checkpoint yet
     * @throws InputException if the file is damaged or contains a head of another shape
     */
    List<EpochMetrics> restore(Tensor weight, Tensor bias, Optimizer optimizer) {
        if (!Files.exists(file)) return List.of();
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            InputArchive archive = open();
            Tensor keptWeight = read(archive, WEIGHT);
            Tensor keptBias = read(archive, BIAS);
            Tensors.requireShape("its weight", keptWeight, weight.size(0), weight.size(1));
            Tensors.requireShape("its bias", keptBias, bias.size(0));
            optimizer.load(archive);
            weight.copy_(keptWeight);
            bias.copy_(keptBias);
            return metrics(read(archive, METRICS), read(archive, LOSSES), read(archive, NON_FINITE));
        } catch (InputException e) {
            throw e;
        } catch (RuntimeException e) {
            throw damaged(e);
        }
    }

    private InputArchive open() {
        try {
            InputArchive archive = new InputArchive();
            archive.load_from(file.toString());
            return archive;
        } catch (RuntimeException e) {
            throw damaged(e);
        }
    }

    private Tensor read(InputArchive archive, String name) {
        try {
            Tensor tensor = new Tensor();
            archive.read(name, tensor);
            return tensor;
        } catch (RuntimeException e) {
            throw damaged(e);
        }
    }

    private InputException damaged(RuntimeException e) {
        return new InputException(file + " is damaged or no checkpoint of this run: " + firstLine(e), e);
    }

    /** LibTorch appends a native stack trace to its messages. */
    private static String firstLine(RuntimeException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private static double[] numbers(List<EpochMetrics> epochs) {
        double[] numbers = new double[epochs.size() * COLUMNS];
        int at = 0;
        for (EpochMetrics m : epochs) {
            for (double x : new double[] {
                m.meanLoss(),
                m.noisyAccuracy(),
                m.trueAccuracy(),
                m.testAccuracy(),
                m.testLoss(),
                m.directionNorm(),
                m.seconds()
            }) {
                numbers[at++] = x;
            }
        }
        return numbers;
    }

    private static List<EpochMetrics> metrics(Tensor numbers, Tensor losses, Tensor nonFinite) {
        double[] values = doubles(numbers);
        double[] batchLosses = doubles(losses);
        long[] ids = new long[Math.toIntExact(nonFinite.numel())];
        if (ids.length > 0) nonFinite.contiguous().data_ptr_long().get(ids);
        int batches = Math.toIntExact(losses.size(1));
        List<EpochMetrics> epochs = new ArrayList<>();
        for (int e = 0; e < values.length / COLUMNS; e++) {
            List<Double> ofEpoch = new ArrayList<>();
            for (int b = 0; b < batches; b++) ofEpoch.add(batchLosses[e * batches + b]);
            List<Long> dropped = new ArrayList<>();
            for (int i = 0; i < ids.length; i += 2) {
                if (ids[i] == e) dropped.add(ids[i + 1]);
            }
            int at = e * COLUMNS;
            epochs.add(new EpochMetrics(
                    e,
                    values[at],
                    List.copyOf(ofEpoch),
                    values[at + 1],
                    values[at + 2],
                    values[at + 3],
                    values[at + 4],
                    values[at + 5],
                    List.copyOf(dropped),
                    values[at + 6]));
        }
        return epochs;
    }

    private static Tensor doubles(double[] values, long... shape) {
        Tensor tensor = torch.zeros(shape, new TensorOptions(ScalarType.Double));
        if (values.length > 0) tensor.data_ptr_double().put(values);
        return tensor;
    }

    private static double[] doubles(Tensor tensor) {
        double[] values = new double[Math.toIntExact(tensor.numel())];
        if (values.length > 0) tensor.contiguous().data_ptr_double().get(values);
        return values;
    }
}
