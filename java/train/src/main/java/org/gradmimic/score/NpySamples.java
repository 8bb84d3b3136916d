package org.gradmimic.score;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageSize;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyLabels;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.model.caption.Captions;
import org.gradmimic.model.caption.ClipTokenizer;
import org.gradmimic.train.NpyTensors;
import org.jspecify.annotations.Nullable;

/** Images in a {@code .npy} file, float [N,3,H,W] and already normalised, with labels or captions in another file. */
public final class NpySamples implements Samples {
    private final Path file;
    private final Tensor images;
    private final Tensor targets;
    private final int batchSize;
    private long from;

    private NpySamples(Path file, Tensor images, Tensor targets, int batchSize) {
        this.file = file;
        this.images = Memory.detached(images);
        this.targets = Memory.detached(targets);
        this.batchSize = batchSize == 0 ? Math.toIntExact(images.size(0)) : batchSize;
    }

    /**
     * Images for a model.
     *
     * @param images the file
     * @param size the size of the images
     */
    public static Images images(Path images, ImageSize size) {
        return new Images(images, size);
    }

    /** Images that still need labels or captions. */
    public static final class Images {
        private final Path images;
        private final ImageSize size;
        private int batchSize;

        private Images(Path images, ImageSize size) {
            this.images = images;
            this.size = size;
        }

        /** @param samples per batch; 0 means all and is the default */
        public Images batchSize(int samples) {
            batchSize = samples;
            return this;
        }

        /**
         * Adds labels.
         *
         * @param labels integers [N] in [0, {@code classes})
         * @throws InputException if a file is missing, damaged, or has another shape or type, or if a label is out of
         *     range
         */
        public NpySamples labelled(Path labels, int classes) {
            return open(labels, "label", classes);
        }

        /**
         * Adds captions as tokens.
         *
         * @param tokens integers [N,length] in [0, {@code vocabulary})
         * @throws InputException as for {@link #labelled}
         */
        public NpySamples captioned(Path tokens, int length, int vocabulary) {
            return open(tokens, "token", vocabulary, length);
        }

        /**
         * Adds captions as text.
         *
         * @param captions a text file in UTF-8, with one caption per line
         * @param tokenizer the tokenizer of the model
         * @throws InputException as for {@link #labelled}, and if the number of captions differs from the number of
         *     images
         */
        public NpySamples captioned(Path captions, ClipTokenizer tokenizer) {
            long rows = rows();
            List<String> lines = Captions.read(captions);
            if (lines.size() != rows) {
                throw InputException.in(
                        captions,
                        "has " + lines.size() + " lines, one caption per line; " + images + " has " + rows + " images");
            }
            try (PointerScope scope = new PointerScope()) {
                return new NpySamples(images, NpyTensors.floats(images), tokenizer.tokens(lines), batchSize);
            }
        }

        private long rows() {
            try (NpyFile file = NpyFile.open(images)) {
                file.requireRank(4);
                file.requireShape(file.rows(), 3, size.height(), size.width());
                return file.rows();
            }
        }

        private NpySamples open(Path targets, String what, int values, long... extents) {
            long rows = rows();
            long[] all = extents.length == 0 ? labels(targets, rows) : tokens(targets, rows, extents[0]);
            for (int i = 0; i < all.length; i++) {
                if (all[i] < 0 || all[i] >= values) {
                    throw InputException.in(
                            targets,
                            "a " + what + " of sample " + i / Math.max(1, all.length / rows) + " is " + all[i]
                                    + "; expected 0 to " + (values - 1) + ", as the model has " + values);
                }
            }
            long[] shape = extents.length == 0 ? new long[] {rows} : new long[] {rows, extents[0]};
            try (PointerScope scope = new PointerScope()) {
                return new NpySamples(images, NpyTensors.floats(images), Tensors.of(all, shape), batchSize);
            }
        }

        private static long[] labels(Path file, long rows) {
            try (NpyLabels labels = NpyLabels.open(file)) {
                return labels.requireSamples(rows).readAll();
            }
        }

        private static long[] tokens(Path file, long rows, long length) {
            try (NpyFile tokens = NpyFile.open(file)) {
                if (!tokens.type().isInteger()) {
                    throw InputException.in(file, "has dtype " + tokens.type().code() + "; expected integers");
                }
                return tokens.requireShape(rows, length).readLongs();
            }
        }
    }

    @Override
    public long count() {
        return images.size(0);
    }

    @Override
    public String name() {
        return file.toString();
    }

    @Override
    public @Nullable Batch next() {
        long n = Math.min(batchSize, count() - from);
        if (n <= 0) return null;
        long[] ids = new long[(int) n];
        for (int i = 0; i < n; i++) ids[i] = from + i;
        Batch batch = new Batch(images.narrow(0, from, n), targets.narrow(0, from, n), ids);
        from += n;
        return batch;
    }

    /** Frees the tensors. */
    @Override
    public void close() {
        images.deallocate();
        targets.deallocate();
    }
}
