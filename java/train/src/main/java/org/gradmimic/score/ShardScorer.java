package org.gradmimic.score;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InternalException;
import org.gradmimic.data.ImageWarnings;
import org.gradmimic.data.SharedImageDecoder;
import org.gradmimic.device.Device;
import org.gradmimic.model.Clip;
import org.gradmimic.model.ImageInput;
import org.gradmimic.model.MimicLayers;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.Models;
import org.gradmimic.model.PixelNormalisation;
import org.gradmimic.model.caption.ClipTokenizer;
import org.gradmimic.reshard.Shard;

/**
 * Scores the image–caption pairs of shards by a CLIP model, one shard after the other. Its models are loaded once. Memory
 * use depends on the batch size and the number of samples in a shard, not on the number of shards.
 */
public final class ShardScorer implements AutoCloseable {
    private final ShardScoring scoring;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final List<String> notes = new ArrayList<>();
    private final SharedImageDecoder images;
    private final PairReader.Tools tools;
    private final PairScorer scorer;

    private ShardScorer(ShardScoring scoring, Device device, int threads) {
        this.scoring = scoring;
        boolean complete = false;
        try {
            Clip model = (Clip) keep(Models.open(Models.Kind.CLIP, scoring.config()));
            model.moveTo(device);
            List<String> mimicLayer = MimicLayers.resolve(model, scoring.mimicLayer());
            ClipTokenizer tokenizer = keep(ClipTokenizer.open(scoring.vocabulary(), model));
            List<ModelWeights> checkpoints = new ArrayList<>();
            for (Path file : scoring.weights()) checkpoints.add(read(model, file, device));
            List<ModelWeights> references = new ArrayList<>();
            for (Path file : scoring.references()) references.add(read(model, file, device));
            ImageInput input = model.input();
            PixelNormalisation given = scoring.normalisation();
            scorer = keep(new PairScorer(
                    model,
                    checkpoints,
                    references,
                    mimicLayer,
                    scoring.contrastive(),
                    scoring.combination(),
                    given != null ? given : input.normalisation(),
                    scoring.temperature()));
            images = keep(new SharedImageDecoder(input.fit(), scoring.maxPixels()));
            ExecutorService decoders = Executors.newFixedThreadPool(threads, task -> {
                Thread thread = new Thread(task, "image-decoder");
                thread.setDaemon(true);
                return thread;
            });
            open.push(() -> end(decoders));
            tools = new PairReader.Tools(images, tokenizer, decoders);
            complete = true;
        } finally {
            if (!complete) close();
        }
    }

    private <T extends AutoCloseable> T keep(T resource) {
        open.push(resource);
        return resource;
    }

    private ModelWeights read(Clip model, Path file, Device device) {
        ModelWeights read = ModelWeights.read(model, file);
        read.notes().forEach(note -> notes.add(file + ": " + note));
        return keep(read.moved(device));
    }

    /**
     * Loads the models.
     *
     * @param threads that decode images
     * @throws InputException if a file is missing or damaged, or something does not fit the model; the message names it
     */
    public static ShardScorer open(ShardScoring scoring, Device device, int threads) {
        return new ShardScorer(scoring, device, threads);
    }

    /** What was noticed of the files of weights. */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** What decoders said of images that were decoded all the same. */
    public ImageWarnings warnings() {
        return images.warnings();
    }

    /**
     * Scores a shard and adds it to the finished ones. One thread at a time scores; others wait.
     *
     * @param shard to be scored
     * @param number its position among all shards
     * @param parts takes it
     * @param progress receives the number of pairs of each batch that is done
     * @throws InputException if the shard cannot be read
     * @throws org.gradmimic.base.SettingException for a bad sample, unless they are skipped
     */
    public synchronized void score(Shard shard, int number, ShardParts parts, LongConsumer progress) {
        ShardTable.Collector rows = new ShardTable.Collector();
        try (PairReader reader = new PairReader(shard, tools, scoring.batchSize(), scoring.badSamples())) {
            PairBatches batches = new PairBatches(reader, scoring.batchSize());
            for (List<Pair> batch = batches.next(); !batch.isEmpty(); batch = batches.next()) {
                rows.add(batch, scorer.score(batch));
                progress.accept(batch.size());
            }
            ShardParts.Counts counts = new ShardParts.Counts(
                    shard.tar().toString(),
                    ShardScoring.size(shard),
                    rows.samples(),
                    rows.batches(),
                    rows.nonFinite(),
                    List.copyOf(reader.bad()));
            parts.write(number, rows.tables(scoring.epochs()), counts);
        }
    }

    /** Waits for what is being decoded, whose memory is freed next. */
    private static void end(ExecutorService threads) {
        threads.shutdownNow();
        boolean interrupted = false;
        while (true) {
            try {
                if (threads.awaitTermination(1, TimeUnit.SECONDS)) break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }

    /** Frees the models. A second call does nothing. */
    @Override
    public synchronized void close() {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new InternalException(String.valueOf(e), e);
            }
        }
    }
}
