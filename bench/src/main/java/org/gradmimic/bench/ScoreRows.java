package org.gradmimic.bench;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.HeadScorer;
import org.gradmimic.HeadScores;
import org.gradmimic.Tensors;

/** Scores and gradient norms of cached features: by {@link HeadScorer}, and by LibTorch's own operators. */
final class ScoreRows implements AutoCloseable {
    /** LibTorch keeps logits; blocks of this many rows keep them in the cache, which it does best with. */
    private static final int TORCH_BLOCK = 2048;

    /** Rows of a call: as many as keep it short where there are many classes. */
    final int rows;

    private final PointerScope scope = new PointerScope();
    private final FeatureRows features;
    private final Tensor labels;
    private final int classes;
    private final Tensor bias;
    private final Tensor stackedTransposed;
    private final Tensor minusOne;
    private final double norm;
    private final HeadScores found;
    private final HeadScorer scorer;
    private int ours;
    private int theirs;

    ScoreRows(FeatureRows features, int classes) {
        this.features = features;
        rows = classes >= 1000 ? 1 << 12 : classes >= 100 ? 1 << 14 : 1 << 16;
        torch.manual_seed(2);
        labels = torch.randint(classes, new long[] {features.rows}, new TensorOptions(ScalarType.Long));
        this.classes = classes;
        bias = torch.rand(classes);
        Tensor weight = Heads.reference(classes, features.width);
        Tensor reference = Heads.reference(classes, features.width);
        Tensor direction = reference.sub(weight);
        stackedTransposed = torch.cat(new TensorVector(weight, direction)).t();
        minusOne = torch.full(new long[] {TORCH_BLOCK, 1}, new Scalar(-1f));
        norm = direction.norm().item_double();
        found = HeadScores.builder(rows).gradientNorms().build();
        scorer = HeadScorer.builder(weight).bias(bias).reference(reference).build();
    }

    /** The next {@link #rows} rows, in one pass without logits. */
    void headScorer() {
        ours = (ours + rows) % features.rows;
        try (PointerScope inner = new PointerScope()) {
            scorer.score(features.features.narrow(0, ours, rows), labels.narrow(0, ours, rows), found);
        }
    }

    /** The next {@link #rows} rows, by the operators one would write: one product with W and V, then softmax. */
    void libtorch() {
        theirs = (theirs + rows) % features.rows;
        for (int at = theirs; at < theirs + rows; at += TORCH_BLOCK) {
            try (PointerScope inner = new PointerScope();
                    NoGradGuard guard = new NoGradGuard()) {
                Tensor h = features.features.narrow(0, at, TORCH_BLOCK);
                Tensor y = labels.narrow(0, at, TORCH_BLOCK).unsqueeze(1);
                Tensor both = torch.mm(h, stackedTransposed);
                Tensor logits = both.narrow(1, 0, classes).add_(bias);
                Tensor delta = torch.softmax(logits, 1).scatter_add_(1, y, minusOne);
                Tensors.rowNormsSquared(delta).mul_(Tensors.rowNormsSquared(h)).sqrt_(); // the gradient norms
                delta.mul_(both.narrow(1, classes, classes)).sum(1).mul_(new Scalar(-1 / norm)); // the scores
            }
        }
    }

    @Override
    public void close() {
        scorer.close();
        found.close();
        scope.close();
    }
}
