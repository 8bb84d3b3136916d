package org.gradmimic.layer;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.device.Host;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a linear layer whose output gradients are not zero. They are searched for where that is worth its cost and does
 * not make the host wait for a device.
 *
 * @param activations [R,I]
 * @param outputGradients [R,O]
 * @param tokens of a sample, where all are kept
 * @param rows [R] long, the kept ones among the B·T; null if that is all of them
 */
record NonZeroTokens(
        Tensor activations,
        Tensor outputGradients,
        long tokens,
        @Nullable Tensor rows) {
    /** Columns of the output gradients that are examined first. */
    private static final long PROBED = 16;

    /** @param search whether to search for them */
    static NonZeroTokens of(Tensor activations, Tensor outputGradients, boolean search) {
        Tensor a = activations.detach().reshape(-1, activations.size(-1));
        Tensor d = outputGradients.detach().reshape(-1, outputGradients.size(-1));
        long all = d.size(0);
        long tokens = outputGradients.size(0) == 0 ? 1 : all / outputGradients.size(0);
        if (search && tokens > 1 && nonZeroRows(d.narrow(1, 0, Math.min(PROBED, d.size(1)))) <= all / 2) {
            Tensor nonZero = d.ne(new Scalar(0)).any(1);
            Tensor rows = nonZero.nonzero().squeeze(1);
            // A column of zeros in front does not make a row of zeros.
            if (rows.size(0) <= all / 2) {
                return new NonZeroTokens(torch.index_select(a, 0, rows), torch.index_select(d, 0, rows), tokens, rows);
            }
        }
        return new NonZeroTokens(a, d, tokens, null);
    }

    /** Rows of x that are not all zero; NaN is not zero. */
    private static long nonZeroRows(Tensor x) {
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
