package org.gradmimic.select.score;

import org.gradmimic.base.InvalidArgumentException;

/** The checked arguments of one append: the first {@code count} values of each array are one batch. */
record ScoreLogBatch(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {

    ScoreLogBatch {
        if (epoch < 0 || step < 0) {
            throw new InvalidArgumentException("epoch " + epoch + ", step " + step + ": expected 0 or more");
        }
        if (count < 0) {
            throw new InvalidArgumentException("count " + count + ": expected 0 or more");
        }
        checkLength("ids", ids.length, count);
        checkLength("score", score.length, count);
        checkLength("weight", weight.length, count);
        checkLength("loss", loss.length, count);
        for (int i = 0; i < count; i++) {
            if (ids[i] < 0) {
                throw new InvalidArgumentException("ids[" + i + "] = " + ids[i] + ": expected 0 or more");
            }
        }
    }

    private static void checkLength(String name, int length, int count) {
        if (length < count) {
            throw new InvalidArgumentException(name + " has " + length + " values, count is " + count);
        }
    }
}
