package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinearTapTest {
    /** A layer in the middle of a network: the tap against one autograd pass per sample. */
    @ParameterizedTest
    @CsvSource({"1,1,1,1", "3,1,7,5", "4,6,16,9", "5,33,12,20"})
    void agreesWithOneGradientPerSample(int rows, int tokens, int inputs, int outputs) {
        try (PointerScope scope = new PointerScope();
                LinearTap tap = new LinearTap()) {
            torch.manual_seed(rows + 100L * tokens);
            Tensor weight = torch.randn(outputs, inputs);
            Tensor reference = torch.randn(outputs, inputs);
            Tensor a = torch.randn(rows, tokens, inputs);
            Tensor delta = torch.empty(rows, tokens, outputs);
            double[][] gradients = new double[rows][];
            for (int i = 0; i < rows; i++) {
                Tensor w = weight.clone();
                w.set_requires_grad(true);
                Tensor out = torch.matmul(a.narrow(0, i, 1), w.t());
                out.retain_grad();
                out.tanh().square().sum().backward();
                delta.narrow(0, i, 1).copy_(out.grad());
                gradients[i] = PerSample.doubles(w.grad());
            }
            tap.record(a, delta);
            try (Direction direction = Direction.toward(List.of(reference), List.of(weight))) {
                direction.refresh();
                double[] v = PerSample.doubles(reference.sub(weight));
                double norm = Math.sqrt(PerSample.dot(v, v));
                double[] scores = PerSample.doubles(tap.score(direction, 0));
                double[] norms = PerSample.doubles(tap.normSquared());
                for (int i = 0; i < rows; i++) {
                    double squared = PerSample.dot(gradients[i], gradients[i]);
                    // Sums of tokens*inputs*outputs products in single precision, relative to ‖g_i‖.
                    assertThat(scores[i])
                            .isCloseTo(
                                    -PerSample.dot(gradients[i], v) / norm, within(2e-5 * Math.sqrt(squared) + 1e-6));
                    assertThat(norms[i]).isCloseTo(squared, within(2e-5 * squared + 1e-6));
                }
            }
        }
    }

    @Test
    void wantsABatchFirst() {
        try (LinearTap tap = new LinearTap()) {
            assertThatThrownBy(tap::normSquared).hasMessageContaining("record");
        }
    }
}
