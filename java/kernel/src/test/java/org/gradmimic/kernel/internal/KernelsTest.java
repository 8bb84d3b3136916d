package org.gradmimic.kernel.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.base.UnsupportedException;
import org.gradmimic.kernel.NativeLibrary;
import org.gradmimic.kernel.internal.Descriptors.Dtype;
import org.gradmimic.kernel.internal.abi.gm_mimic_weights_args;
import org.gradmimic.kernel.internal.abi.gm_queue;
import org.gradmimic.kernel.internal.abi.gm_row_dot_args;
import org.junit.jupiter.api.Test;

/** The binding: arguments arrive, results come back, failures are typed. What kernels compute is tested in native/test. */
class KernelsTest {
    private static gm_row_dot_args rowDot(float[] u, float[] delta, FloatPointer dot, int rows, int tokens, int width) {
        gm_row_dot_args args = new gm_row_dot_args();
        Descriptors.contiguous(args.projected(), new FloatPointer(u), Dtype.F32, rows, tokens, width);
        Descriptors.contiguous(args.delta(), new FloatPointer(delta), Dtype.F32, rows, tokens, width);
        Descriptors.contiguous(args.dot(), dot, Dtype.F32, rows);
        return args;
    }

    @Test
    void bothProvidersAgreeWithALoop() {
        Random random = new Random(1);
        int rows = 5;
        int tokens = 3;
        int width = 19;
        float[] u = new float[rows * tokens * width];
        float[] delta = new float[u.length];
        double[] expected = new double[rows];
        for (int i = 0; i < u.length; i++) {
            u[i] = (float) random.nextGaussian();
            delta[i] = (float) random.nextGaussian();
            expected[i / (tokens * width)] += (double) u[i] * delta[i];
        }
        for (Provider provider : new Provider[] {Provider.CPU, Provider.REFERENCE}) {
            try (PointerScope scope = new PointerScope();
                    Workspace workspace = new Workspace()) {
                FloatPointer dot = new FloatPointer(rows);
                Kernels.rowDot(provider.queue(), rowDot(u, delta, dot, rows, tokens, width), workspace);
                // 57 products of size one in single precision.
                for (int i = 0; i < rows; i++) assertThat((double) dot.get(i)).isCloseTo(expected[i], within(1e-4));
            }
        }
    }

    @Test
    void failuresNameOperationArgumentAndShape() {
        try (PointerScope scope = new PointerScope();
                Workspace workspace = new Workspace()) {
            gm_row_dot_args args = rowDot(new float[6], new float[6], new FloatPointer(2), 2, 1, 3);
            args.delta().shape(2, 2);
            assertThatThrownBy(() -> Kernels.rowDot(Provider.CPU.queue(), args, workspace))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessage("gm_row_dot: delta has the shape [2, 1, 2], expected [2, 1, 3]");
        }
    }

    @Test
    void aBatchWithoutAFiniteScoreHasItsOwnType() {
        try (PointerScope scope = new PointerScope();
                Workspace workspace = new Workspace()) {
            gm_mimic_weights_args args = new gm_mimic_weights_args();
            Pointer.memset(args, 0, args.sizeof());
            args.weighting()
                    .kind(org.gradmimic.kernel.internal.abi.gradmimic.GM_PROJ)
                    .temperature(1);
            Descriptors.contiguous(args.score(), new FloatPointer(Float.NaN, Float.NaN), Dtype.F32, 2);
            Descriptors.contiguous(args.weight(), new FloatPointer(2), Dtype.F32, 2);
            assertThatThrownBy(() -> Kernels.mimicWeights(Provider.CPU.queue(), args, workspace))
                    .isInstanceOf(NonFiniteException.class)
                    .hasMessageContaining("none of the 2 samples");
        }
    }

    @Test
    void cudaIsRefusedWithTheReason() {
        String problem = NativeLibrary.cudaProblem();
        assumeThat(problem).as("a device is here").isNotNull();
        assertThat(problem).isNotBlank();
        try (PointerScope scope = new PointerScope();
                Workspace workspace = new Workspace()) {
            gm_queue queue = Provider.CUDA.queue();
            gm_row_dot_args args = rowDot(new float[6], new float[6], new FloatPointer(2), 2, 1, 3);
            assertThatThrownBy(() -> Kernels.rowDot(queue, args, workspace))
                    .isInstanceOf(UnsupportedException.class)
                    .hasMessage("gm_row_dot: " + problem);
        }
    }

    @Test
    void aClosedWorkspaceThrows() {
        try (PointerScope scope = new PointerScope()) {
            Workspace workspace = new Workspace();
            workspace.close();
            workspace.close();
            gm_row_dot_args args = rowDot(new float[6], new float[6], new FloatPointer(2), 2, 1, 3);
            assertThatThrownBy(() -> Kernels.rowDot(Provider.CPU.queue(), args, workspace))
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void theLibraryNamesItsPathVersionAndInstructionSet() {
        assertThat(NativeLibrary.path()).contains("gradmimic");
        assertThat(NativeLibrary.version()).matches("\\d+\\.\\d+\\.\\d+");
        assertThat(NativeLibrary.cpuIsa()).isIn("avx512", "avx2", "portable");
        assertThat(NativeLibrary.cpuThreads()).isPositive();
    }
}
