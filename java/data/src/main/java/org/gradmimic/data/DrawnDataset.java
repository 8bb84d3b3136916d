package org.gradmimic.data;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.LongStream;
import org.bytedeco.opencv.opencv_core.Mat;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;

/**
 * Digits and capital letters that are drawn on demand. Nothing is downloaded, and no font or display is needed. Sample
 * i of a split depends only on seed, split and i. Its class is i modulo the number of classes.
 */
final class DrawnDataset implements ImageDataset {
    /** I and O look like 1 and 0. They come last, so the default number of classes excludes them. */
    static final String ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZIO";

    private static final int MAX_SAMPLES = 100_000_000;

    private final String spec;
    private final int classes;
    private final int train;
    private final int test;
    private final long seed;
    private final ImageSize size;

    private DrawnDataset(String spec, Map<String, Long> options) {
        this.spec = spec;
        this.classes = take(options, "classes", 34, 2, ALPHABET.length());
        this.train = take(options, "train", 20_000, 1, MAX_SAMPLES);
        this.test = take(options, "test", 4_000, 0, MAX_SAMPLES);
        this.size = ImageSize.square(take(options, "size", 32, 8, 512));
        Long chosen = options.remove("seed");
        this.seed = chosen == null ? 1 : chosen;
        if (!options.isEmpty()) {
            throw new InputException("data set '" + spec + "': unknown option "
                    + options.keySet().iterator().next() + "; expected classes, train, test, seed or size");
        }
    }

    static DrawnDataset open(String spec, String options) {
        Map<String, Long> parsed = new HashMap<>();
        for (String option : options.isBlank() ? new String[0] : options.split(",", -1)) {
            int equals = option.indexOf('=');
            if (equals < 0) {
                throw new InputException("data set '" + spec + "': expected KEY=NUMBER, found '" + option + "'");
            }
            String key = option.substring(0, equals).strip();
            String value = option.substring(equals + 1).strip();
            try {
                if (parsed.put(key, Long.parseLong(value)) != null) {
                    throw new InputException("data set '" + spec + "': " + key + " is given twice");
                }
            } catch (NumberFormatException e) {
                throw new InputException(
                        "data set '" + spec + "': " + key + " is '" + value + "'; expected a number", e);
            }
        }
        return new DrawnDataset(spec, parsed);
    }

    @Override
    public String spec() {
        return spec;
    }

    @Override
    public List<String> classNames() {
        return ALPHABET.substring(0, classes)
                .chars()
                .mapToObj(Character::toString)
                .toList();
    }

    @Override
    public List<Split> splits() {
        return test > 0 ? List.of(Split.TRAIN, Split.TEST) : List.of(Split.TRAIN);
    }

    @Override
    public int size(Split split) {
        int size = switch (split) {
            case TRAIN -> train;
            case TEST -> test;
            case VALIDATION -> 0;
        };
        return Splits.require(this, split, size);
    }

    @Override
    public long[] labels(Split split) {
        return LongStream.range(0, size(split)).map(id -> id % classes).toArray();
    }

    @Override
    public String sampleName(Split split, long id) {
        return "drawn " + split + " sample " + Objects.checkIndex(id, size(split));
    }

    @Override
    public Optional<ImageSize> nativeSize() {
        return Optional.of(size);
    }

    @Override
    public ImageStream read(Split split, ImageFit fit, int batchSize) {
        int count = size(split);
        return Splits.stream(spec, fit, batchSize, () -> new Cursor(split, count));
    }

    private int take(Map<String, Long> options, String key, int standard, int least, int most) {
        Long given = options.remove(key);
        if (given == null) {
            return standard;
        }
        if (given < least || given > most) {
            throw new InputException(
                    "data set '" + spec + "': " + key + " is " + given + "; expected " + least + " to " + most);
        }
        return given.intValue();
    }

    private final class Cursor implements SampleCursor {
        private final GlyphPainter painter = new GlyphPainter(size.width());
        private final ImageDecoder decoder = new ImageDecoder();
        private final Split split;
        private final int count;
        private int id = -1;

        Cursor(Split split, int count) {
            this.split = split;
            this.count = count;
        }

        @Override
        public boolean next() {
            return ++id < count;
        }

        @Override
        public long id() {
            return id;
        }

        @Override
        public long label() {
            return id % classes;
        }

        @Override
        public void paint(Mat target, ImageFit fit) {
            byte[] rgb =
                    painter.paint(ALPHABET.charAt(id % classes), SplitMix.of(seed, split == Split.TRAIN ? 0 : 1, id));
            decoder.raw(rgb, size, target, fit);
        }

        @Override
        public void close() {
            painter.close();
            decoder.close();
        }
    }
}
