package org.gradmimic.audit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.jspecify.annotations.Nullable;

/**
 * The trusted samples: all of a data set of their own, or some of the audited one. Of these, a part is held out: it
 * takes no part in any training, and the reference is measured on it.
 */
final class Trusted {
    /** Fewer could train no reference, and measure none. */
    private static final int FEWEST = 10;

    private final ImageDataset dataset;
    private final Split split;
    private final boolean ofOwn;

    /** [M] the label of every trusted sample, among the classes of the audited data set. */
    private final long[] labels;

    /** Ids in {@link #split}, sorted. */
    private final long[] training;

    private final long[] heldOut;

    private Trusted(
            ImageDataset dataset, Split split, boolean ofOwn, long[] ids, long[] labels, double share, long seed) {
        this.dataset = dataset;
        this.split = split;
        this.ofOwn = ofOwn;
        this.labels = labels;
        if (ids.length < FEWEST) {
            throw new InputException("there are " + ids.length + " trusted samples; a reference needs at least "
                    + FEWEST + ", and hundreds to be of use");
        }
        long[] order = new SplitMix(seed).permutation(ids.length);
        int held = Math.max(1, (int) (share * ids.length));
        heldOut = part(ids, order, 0, held);
        training = part(ids, order, held, ids.length);
    }

    private static long[] part(long[] ids, long[] order, int from, int to) {
        long[] part = new long[to - from];
        for (int i = 0; i < part.length; i++) part[i] = ids[(int) order[from + i]];
        Arrays.sort(part);
        return part;
    }

    /**
     * All samples of a data set of their own.
     *
     * @param classNames of the audited data set, which must include those of the trusted one
     */
    static Trusted all(ImageDataset dataset, List<String> classNames, double heldOut, long seed) {
        Split split = dataset.splits().get(0);
        Map<String, Long> label = new HashMap<>();
        for (String name : classNames) label.put(name, (long) label.size());
        long[] labels = dataset.labels(split);
        for (int i = 0; i < labels.length; i++) {
            String name = dataset.classNames().get((int) labels[i]);
            Long known = label.get(name);
            if (known == null) {
                throw new InputException("the trusted data set '" + dataset.spec() + "' has the class " + name
                        + ", which the audited one does not have; its classes are " + shown(classNames));
            }
            labels[i] = known;
        }
        long[] ids = new long[labels.length];
        Arrays.setAll(ids, i -> i);
        return new Trusted(dataset, split, true, ids, labels, heldOut, seed);
    }

    private static String shown(List<String> names) {
        return names.size() <= 10 ? String.join(", ", names) : String.join(", ", names.subList(0, 10)) + ", …";
    }

    /** Some samples of the audited data set. */
    static Trusted some(ImageDataset dataset, Split split, long[] ids, double heldOut, long seed) {
        return new Trusted(dataset, split, false, ids, dataset.labels(split), heldOut, seed);
    }

    ImageDataset dataset() {
        return dataset;
    }

    Split split() {
        return split;
    }

    /** Whether they lie in a data set of their own. */
    boolean isOfOwn() {
        return ofOwn;
    }

    /** The samples that train the reference. */
    long[] training() {
        return training;
    }

    /** The samples on which the reference is measured. */
    long[] heldOut() {
        return heldOut;
    }

    /** The labels of some samples. */
    long[] labels(long[] ids) {
        return Arrays.stream(ids).map(id -> labels[(int) id]).toArray();
    }

    /** Classes of the audited data set without a trusted sample in training; null if every class has one. */
    @Nullable
    String missingClasses(List<String> classNames) {
        boolean[] seen = new boolean[classNames.size()];
        for (long label : labels(training)) seen[(int) label] = true;
        List<String> missing = new ArrayList<>();
        for (int c = 0; c < seen.length; c++) if (!seen[c]) missing.add(classNames.get(c));
        return missing.isEmpty() ? null : shown(missing);
    }
}
