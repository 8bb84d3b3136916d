package org.gradmimic.data;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;

/** Divides samples in two parts, each with the same share of every class. */
public final class StratifiedSplit {
    private StratifiedSplit() {}

    /**
     * The samples of the first part. It has ⌊share · N⌋ samples; of a class with n it has ⌊share · n⌋ or one more, where
     * the classes with the largest remainders get one more. The same arguments give the same part everywhere.
     *
     * @param labels [N] the class of every sample, 0 to {@code classes} − 1
     * @param classes number of classes
     * @param share of the first part, 0 to 1, used as the decimal number that it prints as
     * @param seed determines which samples of a class are in the part
     * @return [N] whether a sample is in the first part
     * @throws InputException if the share or a label is out of range
     */
    public static boolean[] first(long[] labels, int classes, double share, long seed) {
        if (!(share >= 0 && share <= 1)) {
            throw new InputException("a share of " + share + "; expected 0 to 1");
        }
        int[] sizes = new int[classes];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new InputException(
                        "the label of sample " + i + " is " + labels[i] + "; expected 0 to " + (classes - 1));
            }
            sizes[(int) labels[i]]++;
        }
        int[] left = counts(sizes, share, labels.length);
        boolean[] first = new boolean[labels.length];
        for (long sample : new SplitMix(seed).permutation(labels.length)) {
            int label = (int) labels[(int) sample];
            if (left[label] == 0) continue;
            left[label]--;
            first[(int) sample] = true;
        }
        return first;
    }

    private static int[] counts(int[] sizes, double share, int samples) {
        int[] counts = new int[sizes.length];
        BigDecimal[] remainder = new BigDecimal[sizes.length];
        for (int c = 0; c < sizes.length; c++) {
            BigDecimal exact = part(share, sizes[c]);
            counts[c] = exact.setScale(0, RoundingMode.FLOOR).intValueExact();
            remainder[c] = exact.subtract(BigDecimal.valueOf(counts[c]));
        }
        int missing = part(share, samples).setScale(0, RoundingMode.FLOOR).intValueExact()
                - Arrays.stream(counts).sum();
        IntStream.range(0, sizes.length)
                .boxed()
                .sorted(Comparator.comparing((Integer c) -> remainder[c]).reversed())
                .limit(missing)
                .forEach(c -> counts[c]++);
        return counts;
    }

    private static BigDecimal part(double share, int of) {
        return BigDecimal.valueOf(share).multiply(BigDecimal.valueOf(of));
    }
}
