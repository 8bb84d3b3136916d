package org.gradmimic.score;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageSize;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.model.caption.Captions;
import org.gradmimic.model.caption.ClipTokenizer;
import org.gradmimic.train.NpyTensors;
import org.jspecify.annotations.Nullable;

/** Images in a {@code .npy} file, float [N,3,H,W] and normalised already, with labels or captions in another. */
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
     * @param size the images' sides
     */
    public static Images images(Path images, ImageSize size) {
        return new Images(images, size);
    }

    /** Images whose labels or captions are still to be given. */
    public static final class Images {
        private final Path images;
        private final ImageSize size;
        private int batchSize;

        private Images(Path images, ImageSize size) {
            this.images = images;
            this.size = size;
        }

        /** @param samples at a time; 0, as without this call: all */
        public Images batchSize(int samples) {
            batchSize = samples;
            return this;
        }

        /**
         * With labels.
         *
         * @param labels integers [N] from 0 to {@code classes} − 1
         * @throws InputException if a file is missing, damaged, or of another shape or type, and for labels out of range
         */
        public NpySamples labelled(Path labels, int classes) {
            return open(labels, "label", classes);
        }

        /**
         * With captions as tokens.
         *
         * @param tokens integers [N,length] from 0 to {@code vocabulary} − 1
         * @throws InputException as for {@link #labelled}
         */
        public NpySamples captioned(Path tokens, int length, int vocabulary) {
            return open(tokens, "token", vocabulary, length);
        }

        /**
         * With captions as text.
         *
         * @param captions a text file in UTF-8, with one caption a line
         * @param tokenizer the model's
         * @throws InputException as for {@link #labelled}, and if there are more or fewer captions than images
         */
        public NpySamples captioned(Path captions, ClipTokenizer tokenizer) {
            long rows = rows();
            List<String> lines = Captions.read(captions);
            if (lines.size() != rows) {
                throw InputException.in(
                        captions,
                        "has " + lines.size() + " lines, a caption each; " + images + " has " + rows + " images");
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
            try (NpyFile file = NpyFile.open(targets)) {
                if (!file.type().isInteger()) {
                    throw InputException.in(targets, "has dtype " + file.type().code() + "; expected integers");
                }
                if (extents.length == 0) file.requireShape(rows);
                else file.requireShape(rows, extents[0]);
                long[] all = file.readLongs();
                for (int i = 0; i < all.length; i++) {
                    if (all[i] < 0 || all[i] >= values) {
                        throw InputException.in(
                                targets,
                                "a " + what + " of sample " + i / Math.max(1, all.length / rows) + " is " + all[i]
                                        + "; expected 0 to " + (values - 1) + ", as the model has " + values);
                    }
                }
                try (PointerScope scope = new PointerScope()) {
                    return new NpySamples(images, NpyTensors.floats(images), Tensors.of(all, file.shape()), batchSize);
                }
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
