package org.gradmimic.tap;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.device.Host;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a linear layer that carry gradient, where that is worth the look and looking does not stop everything.
 *
 * @param input [R,I]
 * @param delta [R,O]
 * @param tokens of a sample, where all are kept
 * @param rows [R] long, the kept ones among the B·T; null if that is all of them
 */
record Carrying(
        Tensor input, Tensor delta, long tokens, @Nullable Tensor rows) {
    /** Columns of δ that are looked at first. */
    private static final long PROBED = 16;

    /** @param look whether to */
    static Carrying of(Tensor input, Tensor delta, boolean look) {
        Tensor a = input.detach().reshape(-1, input.size(-1));
        Tensor d = delta.detach().reshape(-1, delta.size(-1));
        long all = d.size(0);
        long tokens = delta.size(0) == 0 ? 1 : all / delta.size(0);
        if (look && tokens > 1 && carrying(d.narrow(1, 0, Math.min(PROBED, d.size(1)))) <= all / 2) {
            Tensor carry = d.ne(new Scalar(0)).any(1);
            Tensor rows = carry.nonzero().squeeze(1);
            // A column of zeros in front does not make a row of zeros.
            if (rows.size(0) <= all / 2) {
                return new Carrying(torch.index_select(a, 0, rows), torch.index_select(d, 0, rows), tokens, rows);
            }
        }
        return new Carrying(a, d, tokens, null);
    }

    /** Rows of x that are not all zero; NaN is not zero. */
    private static long carrying(Tensor x) {
        return Host.integer(x.ne(new Scalar(0)).any(1).sum());
    }

    /** A value for each sample [B] as one for each row [R]. */
    Tensor perRow(Tensor weights) {
        if (rows != null) return torch.index_select(weights, 0, rows.floor_divide(new Scalar(tokens)));
        return tokens == 1
                ? weights
                : weights.unsqueeze(1).expand(weights.size(0), tokens).reshape(-1);
    }
}
