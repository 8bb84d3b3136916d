package org.gradmimic.trainer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.Json;
import org.gradmimic.layer.Parameters;
import org.gradmimic.model.Safetensors;
import org.gradmimic.model.Weights;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The state from which a run continues: one safetensors file, whole or absent. Orders and variations of images are drawn
 * from the seed for every epoch and sample, so there is no state of a generator.
 */
final class TrainCheckpoint {
    private static final String FORMAT = "gradmimic-train";
    private static final String VERSION = "1";
    private static final String STATE = "state";
    private static final String MODEL = "model.";
    private static final String AVERAGE = "ema.";
    private static final String OPTIMIZER = "optimizer";

    private final Path file;

    TrainCheckpoint(Path file) {
        this.file = file;
    }

    /** Where a run is. */
    static final class Position {
        /** The current epoch, counted from 0. */
        int epoch;

        /** Steps of the epoch that are done. */
        int step;

        /** Parts of the score log that contain everything up to here. */
        int logParts;

        /** The epoch with the best evaluation so far; negative before there is one. */
        int bestEpoch = -1;

        double best = Double.NEGATIVE_INFINITY;
        final List<EpochReport> reports = new ArrayList<>();
    }

    boolean exists() {
        return Files.exists(file);
    }

    /** @param average of the weights; null if none is kept */
    void save(
            Parameters parameters,
            @Nullable Parameters average,
            Optimizer optimizer,
            Position position,
            EpochSums sums) {
        Map<String, Object> state = new LinkedHashMap<>();
        state.put("epoch", position.epoch);
        state.put("step", position.step);
        state.put("log_parts", position.logParts);
        state.put("best_epoch", position.bestEpoch);
        state.put("sums", sums.json());
        state.put("reports", position.reports.stream().map(EpochReport::json).toList());
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            put(tensors, MODEL, parameters);
            if (average != null) put(tensors, AVERAGE, average);
            tensors.put(OPTIMIZER, OptimizerState.save(optimizer));
            Safetensors.write(file, Map.of("format", FORMAT, "version", VERSION, STATE, Json.compact(state)), tensors);
        }
    }

    private static void put(Map<String, Tensor> tensors, String prefix, Parameters parameters) {
        for (String name : parameters.names()) tensors.put(prefix + name, here(parameters.tensor(name)));
    }

    private static Tensor here(Tensor tensor) {
        return tensor.is_cuda() ? tensor.detach().cpu() : tensor.detach();
    }

    /**
     * Restores a state.
     *
     * @param parameters overwritten
     * @param average overwritten; null if none is kept
     * @param optimizer of these parameters; its state is overwritten
     * @param sums overwritten
     * @throws InputException if the file is damaged, or of another model or version
     */
    Position restore(Parameters parameters, @Nullable Parameters average, Optimizer optimizer, EpochSums sums) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                Weights stored = Weights.open(file)) {
            Map<String, String> metadata = stored.metadata();
            if (!FORMAT.equals(metadata.get("format"))) throw damaged("is no checkpoint of gradmimic train", null);
            if (!VERSION.equals(metadata.get("version"))) {
                throw damaged(
                        "is a checkpoint of version " + metadata.get("version") + "; this program reads version "
                                + VERSION,
                        null);
            }
            copy(stored, MODEL, parameters);
            if (average != null) copy(stored, AVERAGE, average);
            OptimizerState.load(optimizer, stored.tensor(OPTIMIZER));
            return position(Json.tree(String.valueOf(metadata.get(STATE))), sums);
        } catch (JacksonException | InvalidArgumentException e) {
            throw damaged("is damaged: " + e.getMessage(), e);
        }
    }

    private void copy(Weights stored, String prefix, Parameters parameters) {
        for (String name : parameters.names()) {
            Tensor live = parameters.tensor(name);
            Tensor kept = stored.tensor(prefix + name);
            if (!kept.is_same_size(live)) throw damaged("contains another model: " + name + " differs", null);
            live.copy_(kept);
        }
    }

    private static Position position(JsonNode state, EpochSums sums) {
        Position position = new Position();
        position.epoch = state.required("epoch").intValue();
        position.step = state.required("step").intValue();
        position.logParts = state.required("log_parts").intValue();
        position.bestEpoch = state.required("best_epoch").intValue();
        sums.restore(state.required("sums"));
        state.required("reports").valueStream().forEach(report -> position.reports.add(EpochReport.of(report)));
        return position;
    }

    private InputException damaged(String problem, @Nullable RuntimeException cause) {
        return InputException.in(file, problem + "; the run has to be started again", cause);
    }
}
