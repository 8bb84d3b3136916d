package org.gradmimic.select.filter;

import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.select.uid.Uid;
import org.gradmimic.select.uid.UidSubset;

/** A filter keeps a sample or does not. A list with repeats says more, which must not be lost in silence. */
final class Repeats {
    private static final String WHY =
            "; a filter does not keep repeats: filter first, then draw the subset from the result";

    private Repeats() {}

    /** Whether a list contains a uid twice. */
    static boolean has(UidSubset list) {
        for (long i = 1; i < list.size(); i++) {
            if (!list.isFirst(i)) return true;
        }
        return false;
    }

    /**
     * Rejects a list that contains a uid of the pool more often than the pool.
     *
     * @param kept the samples of the pool whose uids are in the list
     */
    static void refuseMoreThan(Path file, UidSubset list, UidSubset kept) {
        for (long i = 0; i < kept.size(); i++) {
            if (!kept.isFirst(i)) continue;
            long there = kept.count(kept.high(i), kept.low(i));
            long here = list.count(kept.high(i), kept.low(i));
            if (here > there) {
                throw InputException.in(
                        file,
                        "contains the uid " + Uid.format(kept.high(i), kept.low(i)) + " " + here
                                + " times, and the pool contains it " + (there == 1 ? "once" : there + " times") + WHY);
            }
        }
    }

    /** Rejects a list that contains a uid twice, where no pool says how often the uid is in the data. */
    static void refuse(Path file, UidSubset list) {
        for (long i = 1; i < list.size(); i++) {
            if (list.isFirst(i)) continue;
            throw InputException.in(
                    file,
                    "contains the uid " + Uid.format(list.high(i), list.low(i)) + " "
                            + list.count(list.high(i), list.low(i)) + " times" + WHY
                            + "; if the pool contains the uid as often, give the pool's uids");
        }
    }

    /** The error for the number of a sample that is listed twice. */
    static InputException number(Path file, String unit, long place, long sample) {
        return InputException.at(file, unit, place, "sample " + sample + " is listed again" + WHY);
    }
}
