package org.gradmimic.trainer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.CsvWriter;
import org.gradmimic.io.Json;
import org.gradmimic.io.sample.ClassNames;
import org.gradmimic.io.sample.SampleName;
import org.gradmimic.io.sample.SampleNames;
import org.gradmimic.layer.Parameters;
import org.gradmimic.model.Safetensors;
import org.gradmimic.select.score.ScoreLogWriter;

/**
 * The files of a training run: the score log, {@code metrics.jsonl}, the last and the best weights, the changed labels, and
 * the checkpoint from which the run continues. docs/formats.md describes them.
 */
public final class TrainFolder {
    /** The name of the score log's folder. */
    public static final String LOG = "scores";

    /** One line of JSON for each epoch. */
    public static final String METRICS = "metrics.jsonl";

    /** The weights after the last finished epoch. */
    public static final String LAST = "last.safetensors";

    /** The weights after the epoch with the best top-1 accuracy on the evaluation split. */
    public static final String BEST = "best.safetensors";

    /** The samples whose labels were changed. */
    public static final String CHANGED_LABELS = "changed_labels.csv";

    private static final String CHECKPOINT = ".checkpoint";

    private final Path folder;

    /** @param folder exists; the caller has locked it */
    public TrainFolder(Path folder) {
        this.folder = folder;
    }

    /** Names of all files and folders that a run writes here. */
    public static List<String> outputs() {
        return List.of(CHECKPOINT, LOG, METRICS, LAST, BEST, CHANGED_LABELS, SampleNames.FILE, ClassNames.FILE);
    }

    /** Whether an unfinished or finished run has left a state here. */
    public boolean hasCheckpoint() {
        return checkpoint().exists();
    }

    TrainCheckpoint checkpoint() {
        return new TrainCheckpoint(folder.resolve(CHECKPOINT));
    }

    /** The score log, after the parts that belong to the checkpoint. */
    ScoreLogWriter log(int parts) {
        return ScoreLogWriter.resumeAfterParts(folder.resolve(LOG), ScoreLogWriter.DEFAULT_ROWS_PER_PART, parts);
    }

    void metrics(List<EpochReport> reports) {
        String lines = reports.stream()
                .map(report -> Json.compact(report.json()) + "\n")
                .collect(Collectors.joining());
        AtomicFile.write(folder.resolve(METRICS), lines.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes weights under the names of their library, so that torchvision reads them. */
    void weights(String name, Parameters parameters, Map<String, String> metadata) {
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String each : parameters.names()) {
                Tensor tensor = parameters.tensor(each).detach();
                tensors.put(each, tensor.is_cuda() ? tensor.cpu() : tensor);
            }
            Safetensors.write(folder.resolve(name), metadata, tensors);
        }
    }

    /** Writes the names of samples and classes, with the given labels, and which labels were changed, if any were. */
    void names(TrainData data) {
        ImageDataset dataset = data.dataset();
        Split split = data.split();
        List<String> classes = dataset.classNames();
        long[] given = data.labels();
        ClassNames.write(folder.resolve(ClassNames.FILE), classes);
        Iterator<SampleName> names = IntStream.range(0, given.length)
                .mapToObj(id -> new SampleName(
                        id,
                        dataset.sampleName(split, id),
                        (int) given[id],
                        classes.get((int) given[id]),
                        split.toString()))
                .iterator();
        SampleNames.write(folder.resolve(SampleNames.FILE), names);
        long[] before = data.trueLabels();
        if (before != null) changedLabels(dataset, split, given, before);
    }

    private void changedLabels(ImageDataset dataset, Split split, long[] given, long[] before) {
        List<String> classes = dataset.classNames();
        try (CsvWriter csv = new CsvWriter(folder.resolve(CHANGED_LABELS), "id", "path", "given_label", "true_label")) {
            for (int id = 0; id < given.length; id++) {
                if (given[id] == before[id]) continue;
                csv.row(id, dataset.sampleName(split, id), classes.get((int) given[id]), classes.get((int) before[id]));
            }
            csv.commit();
        }
    }

    /** Removes the checkpoint of a run that is finished, and recorded as such: nothing needs it any more. */
    public void deleteCheckpoint() {
        try {
            Files.deleteIfExists(folder.resolve(CHECKPOINT));
        } catch (IOException e) {
            throw new InputException("cannot delete " + folder.resolve(CHECKPOINT) + ": " + AtomicFile.reason(e), e);
        }
    }
}
