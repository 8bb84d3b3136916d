package org.gradmimic.bench;

import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The fastest large f32 product that LibTorch makes here: several shapes are tried, the best one is kept. */
final class MatrixRate implements AutoCloseable {
    /** m, n, k of [m,k] · [n,k]ᵀ; square ones, and the shapes of heads of 100 and 1000 classes. */
    private static final int[][] SHAPES = {
        {1024, 1024, 1024},
        {2048, 2048, 2048},
        {1536, 3072, 1536},
        {4096, 2000, 768},
        {8192, 200, 768},
        {768, 2000, 4096}
    };

    private final PointerScope scope = new PointerScope();
    private final Tensor left;
    private final Tensor right;
    private final Tensor result;
    final int[] shape;

    private MatrixRate(int... shape) {
        this.shape = shape;
        left = torch.rand(shape[0], shape[2]);
        right = torch.rand(shape[1], shape[2]).t();
        result = torch.empty(shape[0], shape[1]);
    }

    static MatrixRate best(int tries) {
        MatrixRate best = null;
        double bestRate = 0;
        for (int[] shape : SHAPES) {
            MatrixRate candidate = new MatrixRate(shape);
            double rate = candidate.rate(tries);
            if (rate > bestRate) {
                if (best != null) best.close();
                best = candidate;
                bestRate = rate;
            } else {
                candidate.close();
            }
        }
        return Objects.requireNonNull(best, "no shape has a rate");
    }

    private double rate(int tries) {
        multiply();
        double shortest = Double.POSITIVE_INFINITY;
        for (int i = 0; i < tries; i++) {
            long begin = System.nanoTime();
            multiply();
            shortest = Math.min(shortest, (System.nanoTime() - begin) * 1e-9);
        }
        return flops() / shortest;
    }

    double flops() {
        return 2.0 * shape[0] * shape[1] * shape[2];
    }

    void multiply() {
        try (PointerScope inner = new PointerScope()) {
            torch.mm_out(result, left, right);
        }
    }

    @Override
    public void close() {
        scope.close();
    }
}
