package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Host;
import org.gradmimic.layer.Losses;
import org.gradmimic.layer.MimicSteps;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.RecordingLayers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** One loop written against {@link TrainingStep}, driven by a head and by recording layers over the same problem. */
@ExtendWith(OwnScope.class)
class TrainingStepTest {
    private static final int B = 4;
    private static final int C = 3;
    private static final int D = 5;

    private final Tensor weight;
    private final Tensor reference;
    private final Tensor features;
    private final Tensor labels;
    private final Tensor ids;

    TrainingStepTest() {
        torch.manual_seed(5);
        weight = torch.randn(C, D).set_requires_grad(true);
        reference = torch.randn(C, D);
        features = torch.randn(B, D);
        labels = Tensors.of(new long[] {0, 1, 2, 0}, B);
        ids = Tensors.of(new long[] {10, 11, 12, 13}, B);
    }

    /** Makes a step of these features. */
    private interface Stepper extends Function<Tensor, TrainingStep> {}

    private interface Driver {
        void drive(Stepper stepper);
    }

    private void head(Driver driver) {
        try (MimicHead head = MimicHead.builder(weight)
                .reference(reference)
                .weighting(Weighting.normedProj(0.5))
                .calibration(Calibration.ALL)
                .build()) {
            driver.drive(x -> head.step(x, labels, ids));
        }
    }

    private void layers(Driver driver) {
        try (Parameters parameters = Parameters.of(Map.of("fc.weight", weight));
                Parameters theirs = Parameters.of(Map.of("fc.weight", reference));
                RecordingLayers layers = RecordingLayers.builder(parameters)
                        .mimic("fc.weight")
                        .reference(theirs)
                        .build();
                MimicSteps steps = MimicSteps.builder(layers)
                        .weighting(Weighting.normedProj(0.5))
                        .calibration(Calibration.ALL)
                        .build()) {
            driver.drive(x -> steps.step(Losses.crossEntropy(layers.linear("fc", x), labels), ids));
        }
    }

    /** What a meter sees of a step: losses, scores, weights, the weight's gradient at a share of a half, the mean loss. */
    private record Seen(double[] losses, double[] scores, double[] weights, double[] gradient, double meanLoss) {}

    private Seen seen(Stepper stepper) {
        weight.mutable_grad().put(new Tensor());
        TrainingStep step = stepper.apply(features);
        assertThat(step.skipped()).isFalse();
        assertThat(step.nonFiniteIds()).isEmpty();
        double[] losses = PerSample.doubles(step.losses());
        double[] scores = PerSample.doubles(step.scores());
        double[] weights = PerSample.doubles(step.weights());
        double meanLoss = step.meanLoss();
        step.backward(0.5);
        double[] once = PerSample.doubles(weight.grad());
        stepper.apply(features).backward(0.5);
        double[] twice = PerSample.doubles(weight.grad());
        for (int i = 0; i < once.length; i++) assertThat(twice[i]).isCloseTo(2 * once[i], within(1e-6));
        return new Seen(losses, scores, weights, once, meanLoss);
    }

    @Test
    void bothKindsGiveTheSameNumbers() {
        Seen[] seen = new Seen[2];
        head(stepper -> seen[0] = seen(stepper));
        layers(stepper -> seen[1] = seen(stepper));
        // Both compute in float, in another order.
        assertThat(seen[0].losses()).containsExactly(seen[1].losses(), within(2e-6));
        assertThat(seen[0].scores()).containsExactly(seen[1].scores(), within(2e-6));
        assertThat(seen[0].weights()).containsExactly(seen[1].weights(), within(2e-6));
        assertThat(seen[0].gradient()).containsExactly(seen[1].gradient(), within(2e-6));
        assertThat(seen[0].meanLoss()).isCloseTo(seen[1].meanLoss(), within(2e-6));
    }

    /** The name of a sample is the same whichever kind of step finds it. */
    @Test
    void bothNameTheSampleThatIsNotFinite() {
        Tensor damaged = features.clone();
        damaged.select(0, 2).fill_(new Scalar(Double.NaN));
        for (boolean head : new boolean[] {true, false}) {
            Driver driver = stepper -> {
                TrainingStep step = stepper.apply(damaged);
                assertThat(step.nonFiniteIds()).containsExactly(12L);
                assertThat(step.skipped()).isEqualTo(!head);
                assertThat(Host.floats(step.weights())[2]).isZero();
                step.backward();
            };
            if (head) head(driver);
            else layers(driver);
        }
    }

    @Test
    void aStepEndsWithTheNextOneOrWhenItIsClosed() {
        Driver driver = stepper -> {
            TrainingStep first = stepper.apply(features);
            TrainingStep second = stepper.apply(features);
            first.close(); // does not end the second
            for (Runnable use : uses(first)) {
                assertThatThrownBy(use::run)
                        .isInstanceOf(InvalidStateException.class)
                        .hasMessageContaining("this step has ended");
            }
            second.backward();
            assertThatThrownBy(second::backward).hasMessageContaining("backward() ran already");
            assertThat(second.weights().numel()).isEqualTo(B);
            second.close();
            second.close();
            for (Runnable use : uses(second)) {
                assertThatThrownBy(use::run).isInstanceOf(InvalidStateException.class);
            }
            stepper.apply(features).backward();
        };
        head(driver);
        layers(driver);
    }

    private static List<Runnable> uses(TrainingStep step) {
        return List.of(
                step::losses,
                step::scores,
                step::weights,
                step::meanLoss,
                step::nonFiniteIds,
                step::skipped,
                step::backward);
    }

    /** The scope around a forward pass may close before the backward pass: a step holds its own handles. */
    @Test
    void featuresMayBeFreedBetweenStepAndBackward() {
        for (boolean through : new boolean[] {false, true}) {
            Tensor base = features.clone().set_requires_grad(through);
            Driver driver = stepper -> {
                weight.mutable_grad().put(new Tensor());
                base.mutable_grad().put(new Tensor());
                double[][] gradients = new double[2][];
                for (int k = 0; k < 2; k++) {
                    weight.mutable_grad().put(new Tensor());
                    TrainingStep step;
                    if (k == 0) {
                        step = stepper.apply(base.mul(new Scalar(2.0)));
                        step.backward();
                    } else {
                        try (TensorScope scope = TensorScope.open()) {
                            step = stepper.apply(base.mul(new Scalar(2.0)));
                        }
                        for (int other = 0; other < 20; other++) torch.randn(B, D);
                        step.backward();
                    }
                    gradients[k] = PerSample.doubles(weight.grad());
                }
                assertThat(gradients[1]).isEqualTo(gradients[0]);
                assertThat(base.grad().defined()).isEqualTo(through);
            };
            head(driver);
        }
    }
}
