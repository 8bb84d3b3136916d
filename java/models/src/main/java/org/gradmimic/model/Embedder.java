package org.gradmimic.model;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.io.sample.ClassNames;
import org.gradmimic.io.sample.SampleName;
import org.gradmimic.io.sample.SampleNames;

/** Streams images, or captions, through a model, in constant memory. The next batch is decoded while the current one is embedded. */
public final class Embedder {
    /** The name of the features file that {@link #write} creates, as {@code npy:DIR} expects it. */
    public static final String FEATURES = "features.npy";

    public static final String LABELS = "labels.npy";

    private final Backbone model;
    private final int batchSize;

    /** Receives the features batch by batch, in the stream's order. */
    @FunctionalInterface
    public interface Sink {
        /**
         * @param ids [n] positions in the split
         * @param features [n,D] float, contiguous; valid during the call
         */
        void accept(long[] ids, Tensor features);
    }

    /**
     * @param model closed by the caller
     * @param batchSize images per batch, at least 1
     */
    public Embedder(Backbone model, int batchSize) {
        if (batchSize < 1) throw new InvalidArgumentException("a batch of " + batchSize + " images");
        this.model = model;
        this.batchSize = batchSize;
    }

    /**
     * Embeds a split.
     *
     * @return false if the listener stopped it
     * @throws org.gradmimic.base.InputException if an image or file is damaged
     */
    public boolean embed(ImageDataset dataset, Split split, Sink sink, EmbedListener listener) {
        long total = dataset.size(split);
        int batch = (int) Math.min(batchSize, total);
        long done = 0;
        try (ReadAhead images = new ReadAhead(
                dataset.read(split, model.fit(), batch),
                batch * model.imageSize().rgbBytes())) {
            while (!listener.stopRequested()) {
                ImageBatch next = images.next();
                if (next == null) return true;
                try (PointerScope scope = new PointerScope()) {
                    sink.accept(
                            next.ids(),
                            model.features(ImageTensors.view(next.pixels(), next.size(), model.imageSize())));
                }
                done += next.size();
                listener.embedded(done, total);
            }
        }
        return false;
    }

    /**
     * Writes features to a file. Reading results makes a device wait, so on a device this reads many batches together.
     */
    private static final class Rows implements Sink, AutoCloseable {
        private static final long READ_AT_ONCE = 1 << 24; // 64 MiB of floats.

        private final NpyWriter file;
        private final int width;
        private final List<long[]> ids = new ArrayList<>();
        private final List<Tensor> batches = new ArrayList<>();
        private long elements;

        Rows(NpyWriter file, int width) {
            this.file = file;
            this.width = width;
        }

        @Override
        public void accept(long[] batchIds, Tensor features) {
            ids.add(batchIds);
            batches.add(Tensors.handle(features));
            elements += features.numel();
            if (!features.is_cuda() || elements >= READ_AT_ONCE) flush();
        }

        void flush() {
            if (batches.isEmpty()) return;
            try (PointerScope scope = new PointerScope()) {
                float[] rows = Tensors.floats(torch.cat(new TensorVector(batches.toArray(Tensor[]::new))));
                int row = 0;
                for (long[] some : ids) {
                    for (long id : some) file.put(id * width, FloatBuffer.wrap(rows, row++ * width, width));
                }
            }
            close();
        }

        /** Discards what was not written. */
        @Override
        public void close() {
            batches.forEach(Tensor::deallocate);
            batches.clear();
            ids.clear();
            elements = 0;
        }
    }

    /** Names of the files that {@link #write} creates. */
    public static List<String> outputs() {
        return List.of(FEATURES, LABELS, SampleNames.FILE, ClassNames.FILE);
    }

    /**
     * Embeds captions with CLIP's text tower into {@value #FEATURES}, float32 [N,D], in their order. The file appears
     * whole. If the embedding was stopped or failed, it does not appear.
     *
     * @param model of CLIP
     * @param tokenizer the tokens [B,T] long of B captions, such as {@code ClipTokenizer::tokens}
     * @param folder must exist
     * @return false if the listener stopped it
     */
    public static boolean writeCaptions(
            ModelBackbone model,
            Function<List<String>, Tensor> tokenizer,
            List<String> captions,
            int batchSize,
            Path folder,
            EmbedListener listener) {
        try (NpyWriter file = NpyWriter.create(folder.resolve(FEATURES), captions.size(), model.width());
                Rows rows = new Rows(file, model.width())) {
            for (int from = 0; from < captions.size(); from += batchSize) {
                if (listener.stopRequested()) return false;
                int to = Math.min(captions.size(), from + batchSize);
                try (PointerScope scope = new PointerScope()) {
                    rows.accept(
                            LongStream.range(from, to).toArray(),
                            model.textFeatures(tokenizer.apply(captions.subList(from, to))));
                }
                listener.embedded(to, captions.size());
            }
            rows.flush();
            file.commit();
            return true;
        }
    }

    /**
     * Embeds a split into {@value #FEATURES}, float32 [N,D], and {@value #LABELS}, int64 [N], in the order of the ids,
     * with the names of the samples and classes beside them ({@link SampleNames}, {@link ClassNames}). Every file
     * appears whole, the features last. If the embedding was stopped or failed, none of them appears.
     *
     * @param folder must exist
     * @return false if the listener stopped it
     * @throws org.gradmimic.base.InputException if an image or file is damaged, or the folder cannot be written to
     */
    public boolean write(ImageDataset dataset, Split split, Path folder, EmbedListener listener) {
        try (NpyWriter features = NpyWriter.create(folder.resolve(FEATURES), dataset.size(split), model.width());
                Rows rows = new Rows(features, model.width())) {
            if (!embed(dataset, split, rows, listener)) return false;
            rows.flush();
            long[] labels = dataset.labels(split);
            NpyWriter.write(folder.resolve(LABELS), labels, labels.length);
            writeNames(dataset, split, labels, folder);
            features.commit();
            return true;
        }
    }

    private static void writeNames(ImageDataset dataset, Split split, long[] labels, Path folder) {
        List<String> classes = dataset.classNames();
        ClassNames.write(folder.resolve(ClassNames.FILE), classes);
        Iterator<SampleName> names = IntStream.range(0, labels.length)
                .mapToObj(id -> new SampleName(
                        id,
                        dataset.sampleName(split, id),
                        (int) labels[id],
                        classes.get((int) labels[id]),
                        split.toString()))
                .iterator();
        SampleNames.write(folder.resolve(SampleNames.FILE), names);
    }
}
