package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CpuThreadsTest {
    private final int before = CpuThreads.libTorch();

    @AfterEach
    void restore() {
        CpuThreads.limit(before);
    }

    @Test
    void oneSettingReachesLibTorchAndTheKernels() {
        CpuThreads.limit(3);
        assertThat(CpuThreads.libTorch()).isEqualTo(3);
        assertThat(CpuThreads.kernels()).isEqualTo(3);
    }

    @Test
    void thePresetsOpenBlasSharesThem() {
        assertThat(CpuThreads.shared()).isEqualTo(Runtime.getRuntime().availableProcessors() <= 32);
    }

    /** Products, matrix by vector and LAPACK's factorisations, all of them large enough for several threads. */
    @Test
    void openBlasIsRightOnSharedThreads() throws Exception {
        for (int threads : new int[] {1, 2, 5}) {
            CpuThreads.limit(threads);
            checkFrom(1, 301);
        }
    }

    @Test
    void openBlasIsRightCalledFromSeveralThreads() throws Exception {
        CpuThreads.limit(2);
        checkFrom(4, 200);
    }

    /** Calls OpenBLAS from so many threads at once, with a stack that LAPACK's recursion fits into. */
    private static void checkFrom(int callers, int n) throws Exception {
        ExecutorService pool =
                Executors.newFixedThreadPool(callers, task -> new Thread(null, task, "caller", 64L << 20));
        try {
            List<Callable<Long>> tasks = new ArrayList<>();
            for (long i = 0; i < 2L * callers; i++) {
                long seed = i;
                tasks.add(() -> {
                    check(new Random(seed), n);
                    return seed;
                });
            }
            for (Future<Long> done : pool.invokeAll(tasks))
                assertThat(done.get()).isNotNull();
        } finally {
            pool.shutdown();
        }
    }

    private static void check(Random random, int n) {
        try (PointerScope scope = new PointerScope()) {
            float[] a = normal(random, n * n);
            float[] b = normal(random, n * n);
            Tensor left = Tensors.of(a, n, n);
            Tensor right = Tensors.of(b, n, n);
            assertProduct(a, b, Tensors.floats(torch.mm(left, right)), n, n);
            assertProduct(a, column(b, n), Tensors.floats(torch.mv(left, right.select(1, 0))), n, 1);
            // A system with a dominant diagonal: its solution is known, and well determined.
            Tensor system = left.add(torch.eye(n).mul_(new org.bytedeco.pytorch.Scalar((float) n)));
            Tensor solution = torch.linalg_solve(system, torch.mm(system, right));
            float[] solved = Tensors.floats(solution);
            for (int i = 0; i < solved.length; i++) assertThat(solved[i]).isCloseTo(b[i], within(1e-3f));
        }
    }

    /** Sums of n products of numbers of size one, in float: about n units of roundoff, generously. */
    private static void assertProduct(float[] a, float[] b, float[] actual, int n, int columns) {
        assertThat(actual).hasSize(n * columns);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < columns; j++) {
                double sum = 0;
                for (int k = 0; k < n; k++) sum += (double) a[i * n + k] * b[k * columns + j];
                if (!(Math.abs(actual[i * columns + j] - sum) <= 1e-3)) {
                    assertThat((double) actual[i * columns + j])
                            .as("(%d, %d)", i, j)
                            .isCloseTo(sum, within(1e-3));
                }
            }
        }
    }

    private static float[] column(float[] matrix, int n) {
        float[] column = new float[n];
        for (int i = 0; i < n; i++) column[i] = matrix[i * n];
        return column;
    }

    private static float[] normal(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float) random.nextGaussian();
        return values;
    }
}
