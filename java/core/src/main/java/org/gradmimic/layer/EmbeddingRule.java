package org.gradmimic.layer;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The rows [N,D] of an embedding: g_i adds δ_it to row id_it, so ‖g_i‖² = Σ_{t,u: id_t = id_u} δ_t·δ_u.
 *
 * @param count N
 * @param paddingIndex the row that gets no gradient; -1 for none
 */
record EmbeddingRule(long count, long paddingIndex) implements GradientRule {
    /** Elements of Gram matrices at once: 64 MiB of floats. */
    private static final long GRAM = 1 << 24;

    @Override
    public Tensor tangent(@Nullable Tensor activations, Tensor v) {
        Tensor ids = GradientRule.required(activations);
        Tensor rows = torch.embedding(v, ids);
        return paddingIndex < 0 ? rows : rows.mul(notPadding(ids).to(rows.scalar_type()));
    }

    /** 1 where a token is not padding, [B,...,1]. */
    private Tensor notPadding(Tensor ids) {
        return ids.ne(new org.bytedeco.pytorch.Scalar(paddingIndex)).unsqueeze(-1);
    }

    @Override
    public Tensor normSquared(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients) {
        long rows = outputGradients.size(0);
        Tensor called = GradientRule.required(activations);
        Tensor ids = called.unsqueeze(1).flatten(1, -1);
        Tensor masked = paddingIndex < 0
                ? outputGradients
                : outputGradients.mul(notPadding(called).to(outputGradients.scalar_type()));
        ScalarType type = LayerKernels.sumType(outputGradients);
        Tensor d = LayerKernels.tokens(masked.unsqueeze(1).flatten(1, -2)).to(type);
        long tokens = ids.size(1);
        long step = Math.max(1, GRAM / Math.max(1, tokens * tokens));
        Tensor norms = kernels.result(outputGradients, rows);
        for (long at = 0; at < rows; at += step) {
            long n = Math.min(step, rows - at);
            Tensor part = d.narrow(0, at, n);
            Tensor id = ids.narrow(0, at, n);
            Tensor same = id.unsqueeze(2).eq(id.unsqueeze(1)).to(type);
            norms.narrow(0, at, n)
                    .copy_(part.bmm(part.transpose(1, 2)).mul_(same).sum(1, 2));
        }
        return norms;
    }

    @Override
    public Tensor gradient(@Nullable Tensor activations, Tensor outputGradients) {
        return torch.embedding_dense_backward(
                outputGradients.contiguous(), GradientRule.required(activations), count, paddingIndex, false);
    }
}
