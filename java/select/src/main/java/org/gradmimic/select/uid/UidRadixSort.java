package org.gradmimic.select.uid;

/**
 * Sorts uids in place, as two parallel arrays, in the order of {@link Uid#compare}. It is a radix sort by bytes, from
 * the first to the last, that swaps uids into their buckets; small buckets are sorted by insertion. It is linear for
 * any input. The JDK can only sort a single array.
 */
final class UidRadixSort {
    private static final int DIGITS = 16;
    private static final int RADIX = 256;
    private static final int FEW = 32;

    private UidRadixSort() {}

    static void sort(long[] high, long[] low, int count) {
        sort(high, low, 0, count, 0);
    }

    private static void sort(long[] high, long[] low, int from, int to, int digit) {
        if (to - from <= FEW) {
            insertionSort(high, low, from, to);
            return;
        }
        int[] ends = new int[RADIX];
        for (int i = from; i < to; i++) {
            ends[digit(high, low, i, digit)]++;
        }
        int[] next = new int[RADIX];
        int start = from;
        for (int d = 0; d < RADIX; d++) {
            next[d] = start;
            start += ends[d];
            ends[d] = start;
        }
        for (int d = 0; d < RADIX; d++) {
            while (next[d] < ends[d]) {
                int home = digit(high, low, next[d], digit);
                if (home == d) {
                    next[d]++;
                } else {
                    swap(high, low, next[d], next[home]++);
                }
            }
        }
        if (digit + 1 < DIGITS) {
            start = from;
            for (int d = 0; d < RADIX; d++) {
                sort(high, low, start, ends[d], digit + 1);
                start = ends[d];
            }
        }
    }

    private static int digit(long[] high, long[] low, int i, int digit) {
        return digit < 8 ? (int) (high[i] >>> 56 - 8 * digit) & 0xff : (int) (low[i] >>> 120 - 8 * digit) & 0xff;
    }

    private static void insertionSort(long[] high, long[] low, int from, int to) {
        for (int i = from + 1; i < to; i++) {
            long h = high[i];
            long l = low[i];
            int j = i;
            for (; j > from && Uid.compare(high[j - 1], low[j - 1], h, l) > 0; j--) {
                high[j] = high[j - 1];
                low[j] = low[j - 1];
            }
            high[j] = h;
            low[j] = l;
        }
    }

    private static void swap(long[] high, long[] low, int i, int j) {
        long h = high[i];
        high[i] = high[j];
        high[j] = h;
        long l = low[i];
        low[i] = low[j];
        low[j] = l;
    }
}
