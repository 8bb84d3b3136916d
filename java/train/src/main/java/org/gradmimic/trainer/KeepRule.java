package org.gradmimic.trainer;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidArgumentException;

/**
 * Which samples of a batch take part in the backward pass.
 *
 * @param share the share of the batch with the highest scores; 0: those with a positive score, however many
 */
record KeepRule(double share) {
    private static final String POSITIVE = "score>0";
    private static final String TOP = "top:";

    /** @throws InvalidArgumentException for a text that is neither {@code score>0} nor {@code top:SHARE} */
    static KeepRule parse(String text) {
        if (text.equals(POSITIVE)) return new KeepRule(0);
        if (text.startsWith(TOP)) {
            try {
                double share = Double.parseDouble(text.substring(TOP.length()));
                if (share > 0 && share < 1) return new KeepRule(share);
            } catch (NumberFormatException e) {
                // as below
            }
        }
        throw new InvalidArgumentException(
                "'" + text + "' is neither score>0 nor top:SHARE with a share between 0 and 1");
    }

    static boolean isRule(String text) {
        try {
            parse(text);
            return true;
        } catch (InvalidArgumentException e) {
            return false;
        }
    }

    /**
     * The positions of the samples that are kept, ascending; a sample without a finite score is not.
     *
     * @param scores [B] double
     * @return [k] long, in the caller's scope
     */
    Tensor kept(Tensor scores) {
        Tensor lowest = scores.nan_to_num(
                new DoubleOptional(Double.NEGATIVE_INFINITY),
                new DoubleOptional(Double.NEGATIVE_INFINITY),
                new DoubleOptional(Double.NEGATIVE_INFINITY));
        Tensor chosen = lowest.gt(new Scalar(share == 0 ? 0 : Double.NEGATIVE_INFINITY));
        if (share > 0) {
            long count = Math.max(1, (long) Math.ceil(share * scores.size(0)));
            Tensor best = lowest.topk(count, 0, true, true).get1();
            Tensor among = torch.zeros_like(scores).to(ScalarType.Bool);
            among.index_fill_(0, best, new Scalar(1.0));
            chosen = chosen.logical_and(among);
        }
        return chosen.nonzero().reshape(-1);
    }
}
