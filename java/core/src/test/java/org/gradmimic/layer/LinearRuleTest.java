package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** ⟨g_i, V⟩ of a linear layer, whichever way it takes, against the definition in double precision. */
@ExtendWith(OneThread.class)
class LinearRuleTest {
    /** Where numbers may be looked at, and as on a device. */
    private static final List<LinearRule> RULES = List.of(new LinearRule(true), new LinearRule(false));

    /** Few tokens, many, one a sample, and so many outputs that a product takes the samples in parts, the last one smaller. */
    @ParameterizedTest
    @CsvSource({"3, 1, 5, 7", "9, 7, 5, 7", "16, 4, 33, 17", "64, 1, 6, 10", "5, 300, 8, 4096", "1, 1100, 4, 4100"})
    void dotsAreThoseOfTheDefinition(int samples, int tokens, int inputs, int outputs) {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(samples);
            Tensor a = torch.randn(samples, tokens, inputs);
            Tensor delta = torch.randn(samples, tokens, outputs);
            Tensor v = torch.randn(outputs, inputs);
            check(a, delta, v);
            check(a.to(ScalarType.BFloat16), delta.to(ScalarType.BFloat16), v);
            check(torch.randn(samples, inputs, tokens).transpose(1, 2), delta, v);
        }
    }

    @Test
    void tokensWithoutGradientCountNothing() {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(4);
            Tensor delta = torch.randn(6, 20, 9);
            delta.narrow(1, 3, 17).zero_();
            check(torch.randn(6, 20, 8), delta, torch.randn(9, 8));
        }
    }

    @Test
    void aNonFiniteSampleDoesNotAffectOthers() {
        try (PointerScope scope = new PointerScope();
                LayerKernels kernels = new LayerKernels(Device.CPU)) {
            Tensor delta = torch.randn(5, 40, 9);
            delta.select(0, 2).select(0, 7).fill_(new Scalar(Double.NaN));
            for (LinearRule rule : RULES) {
                double[] dots = Host.doubles(rule.dot(kernels, torch.randn(5, 40, 8), delta, torch.randn(9, 8)));
                for (int i = 0; i < 5; i++) assertThat(Double.isNaN(dots[i])).isEqualTo(i == 2);
            }
        }
    }

    private static void check(Tensor a, Tensor delta, Tensor v) {
        Tensor projected = torch.linear(a.to(ScalarType.Double), v.to(ScalarType.Double));
        Tensor wide = delta.to(ScalarType.Double);
        double[] expected = Host.doubles(projected.mul(wide).sum(1, 2));
        double[] lengths = Host.doubles(
                projected.square().sum(1, 2).mul(wide.square().sum(1, 2)).sqrt());
        for (LinearRule rule : RULES) {
            // Sums of up to 4.5 million products in float: roundings of 2^-24 that grow with the root of their number.
            // A device rounds V to a's type, of 8 bits.
            boolean rounded = !rule.synchronous() && a.scalar_type().intern() == ScalarType.BFloat16;
            try (LayerKernels kernels = new LayerKernels(Device.CPU)) {
                double[] dots = Host.doubles(rule.dot(kernels, a, delta, v));
                assertThat(dots).hasSameSizeAs(expected);
                for (int i = 0; i < dots.length; i++) {
                    assertThat(dots[i]).isCloseTo(expected[i], within(Math.scalb(lengths[i], rounded ? -8 : -18)));
                }
            }
        }
    }
}
