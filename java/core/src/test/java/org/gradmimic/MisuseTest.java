package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.kernel.OpenResources;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The Java API in the hands of someone in a hurry: an exception that says what is wrong, never a crash or a wrong number. */
class MisuseTest {
    private static final int B = 6;
    private static final int C = 3;
    private static final int D = 4;

    private PointerScope scope;
    private LinearImpl linear;
    private Tensor reference;
    private Tensor features;
    private Tensor labels;

    @BeforeEach
    void make() {
        scope = new PointerScope();
        torch.manual_seed(1);
        linear = new LinearImpl(D, C);
        reference = torch.randn(C, D);
        features = torch.randn(B, D);
        labels = Tensors.of(new long[] {0, 1, 2, 0, 1, 2}, B);
    }

    @AfterEach
    void free() {
        scope.close();
    }

    private MimicHead head(Weighting weighting) {
        return MimicHead.builder(linear)
                .reference(reference)
                .weighting(weighting)
                .build();
    }

    private HeadBatch batch() {
        return new HeadBatch(features, labels);
    }

    @Test
    void aStepIsOverWhenTheNextBegins() {
        try (MimicHead head = head(Weighting.normedProj(1))) {
            HeadStep first = head.step(batch());
            HeadStep second = head.step(new HeadBatch(features.narrow(0, 0, 2), labels.narrow(0, 0, 2)));
            assertThatThrownBy(first::backward).hasMessageContaining("the head has begun another step");
            assertThatThrownBy(first::weights).hasMessageContaining("the head has begun another step");
            assertThatThrownBy(first::meanLoss).hasMessageContaining("the head has begun another step");
            second.backward();
            assertThatThrownBy(second::backward).hasMessageContaining("backward() ran already");
            assertThat(second.weights().numel()).isEqualTo(2);
        }
    }

    @Test
    void aClosedHeadThrows() {
        MimicHead head = head(Weighting.normedProj(1));
        HeadStep step = head.step(batch());
        head.close();
        head.close();
        assertThatThrownBy(step::backward).hasMessageContaining("this head is closed");
        assertThatThrownBy(step::losses).hasMessageContaining("this head is closed");
        assertThatThrownBy(step::scores).hasMessageContaining("this head is closed");
        assertThatThrownBy(() -> head.step(batch())).hasMessageContaining("this head is closed");
    }

    @Test
    void theGradientOutlivesTheHead() {
        double[] gradient;
        try (MimicHead head = head(Weighting.normedProj(1))) {
            head.step(batch()).backward();
            gradient = PerSample.doubles(linear.weight().grad());
        }
        assertThat(PerSample.doubles(linear.weight().grad())).isEqualTo(gradient);
        assertThat(torch.mm(features, linear.weight().t()).isfinite().all().item_bool())
                .isTrue();
    }

    /** Everything the head was given comes from a scope that has closed since. */
    @Test
    void aScopeOfTheCallersTakesNothingAway() {
        double[] expected;
        try (MimicHead head = head(Weighting.normedCos(1))) {
            expected = PerSample.doubles(head.step(batch()).weights());
        }
        ScoreTable table;
        MimicHead head;
        Direction direction;
        HeadScorer scorer;
        try (PointerScope inner = new PointerScope()) {
            Tensor weight = linear.weight();
            Tensor bias = linear.bias();
            Tensor copy = reference.clone();
            table = new ScoreTable(B, (e, s, ids, score, w, loss, n) -> {});
            head = MimicHead.builder(weight)
                    .bias(bias)
                    .reference(copy)
                    .weighting(Weighting.normedCos(1))
                    .calibration(Calibration.ALL)
                    .table(table)
                    .build();
            direction = Direction.toward(List.of(copy), List.of(weight.detach().clone()));
            scorer = HeadScorer.builder(weight.detach().clone())
                    .bias(bias.detach().clone())
                    .reference(copy)
                    .build();
        }
        // Memory that was freed by mistake is soon in other hands.
        for (int k = 0; k < 50; k++) torch.randn(C, D);
        try (table;
                head;
                direction;
                scorer) {
            HeadStep step;
            try (PointerScope inner = new PointerScope()) {
                step = head.step(batch());
            }
            try (PointerScope inner = new PointerScope()) {
                assertThat(PerSample.doubles(step.weights())).isEqualTo(expected);
                step.backward();
                table.drain();
            }
            assertThat(head.weight().grad().isfinite().all().item_bool()).isTrue();
            direction.refresh();
            double[] v = PerSample.doubles(reference.sub(linear.weight()));
            assertThat(PerSample.doubles(direction.vector(0))).isEqualTo(v);
            try (PointerScope inner = new PointerScope()) {
                try (HeadScores found = HeadScores.builder(B).build()) {
                    scorer.score(features, labels, found);
                    for (float score : found.scores()) assertThat(score).isFinite();
                }
            }
        }
    }

    @Test
    void namesTheTensorOfTheWrongTypeOrShape() {
        try (MimicHead head = head(Weighting.normedProj(1))) {
            String expected = "; Float, BFloat16 or Half is expected";
            refused(head, features.to(ScalarType.Double), labels, "features is Double" + expected);
            refused(head, features.t(), labels, "features has the shape [4, 6], expected [B, 4]");
            refused(head, features.view(B * D), labels, "features has the shape [24], expected [B, 4]");
            refused(head, features, labels.to(ScalarType.Int), "labels is Int; Long is expected");
            refused(head, features, labels.to(ScalarType.Float), "labels is Float; Long is expected");
            refused(head, features, labels.narrow(0, 0, 5), "labels has the shape [5], expected [6]");
            Tensor ids = labels.to(ScalarType.Int);
            assertThatThrownBy(() -> head.step(features, labels, ids)).hasMessage("ids is Int; Long is expected");
            Tensor logits = torch.randn(B, C + 1);
            assertThatThrownBy(() -> head.step(new HeadBatch(features, labels).withReferenceLogits(logits)))
                    .hasMessage("referenceLogits has the shape [6, 4], expected [6, 3]");
            Tensor norms = torch.randn(B - 1);
            assertThatThrownBy(() -> head.step(new HeadBatch(features, labels).withFeatureNormsSquared(norms)))
                    .hasMessage("featureNormsSquared has the shape [5], expected [6]");
            head.weighting(Weighting.rho(false));
            refused(head, features, labels, "weighting rho needs the batch's referenceLoss");
        }
    }

    private static void refused(MimicHead head, Tensor features, Tensor labels, String message) {
        assertThatThrownBy(() -> head.step(new HeadBatch(features, labels)))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void aConstructorThatThrowsLeaksNothing() {
        long open = OpenResources.count();
        double[] before = PerSample.doubles(linear.weight());
        long address = linear.weight().data_ptr().address();
        Tensor wide = torch.randn(C, D + 1);
        Tensor wrongBias = torch.randn(C + 1);
        Tensor ints = reference.to(ScalarType.Int);
        assertThatThrownBy(() -> MimicHead.builder(linear)
                        .reference(wide)
                        .weighting(Weighting.proj())
                        .build())
                .hasMessage("the reference weight has the shape [3, 5], expected [3, 4]");
        assertThatThrownBy(() -> MimicHead.builder(linear.weight())
                        .bias(wrongBias)
                        .weighting(Weighting.uniform())
                        .build())
                .hasMessage("bias has the shape [4], expected [3]");
        assertThatThrownBy(() ->
                        HeadScorer.builder(linear.weight()).reference(wide).build())
                .hasMessage("reference weight has the shape [3, 5], expected [3, 4]");
        assertThatThrownBy(() -> HeadScorer.builder(linear.weight())
                        .bias(wrongBias)
                        .reference(reference)
                        .build())
                .hasMessage("bias has the shape [4], expected [3]");
        assertThatThrownBy(() -> HeadScorer.builder(linear.weight().view(C * D))
                        .reference(reference)
                        .build())
                .hasMessage("weight has the shape [12], expected [C, D]");
        assertThatThrownBy(() -> Direction.toward(List.of(wide), List.of(linear.weight())))
                .hasMessage("reference 0 has the shape [3, 5], expected [3, 4]");
        assertThatThrownBy(() -> Direction.toward(List.of(ints), List.of(linear.weight())))
                .hasMessageContaining("Int");
        assertThatThrownBy(() -> Direction.toward(List.of(), List.of(linear.weight())))
                .hasMessage("0 references for 1 parameters");
        assertThat(OpenResources.count()).isEqualTo(open);
        assertThat(linear.weight().data_ptr().address()).isEqualTo(address);
        assertThat(PerSample.doubles(linear.weight())).isEqualTo(before);
    }

    @Test
    void aParameterThatWasMovedIsNoticed() {
        try (MimicHead head = head(Weighting.normedProj(1))) {
            HeadStep step = head.step(batch());
            linear.weight().set_data(linear.weight().detach().clone());
            assertThatThrownBy(step::backward).hasMessageContaining("moved to other memory");
            assertThatThrownBy(() -> head.step(batch())).hasMessageContaining("moved to other memory");
        }
        try (MimicHead head = head(Weighting.normedProj(1))) {
            linear.bias().set_data(linear.bias().detach().clone());
            assertThatThrownBy(() -> head.step(batch())).hasMessageContaining("moved to other memory");
        }
    }

    @Test
    void stridesOfTheFeaturesDoNotMatterAndThoseOfLabelsAreNamed() {
        for (Weighting weighting : new Weighting[] {Weighting.normedProj(1), Weighting.normedCos(1)}) {
            try (MimicHead head = head(weighting)) {
                double[] expected = PerSample.doubles(head.step(batch()).weights());
                Tensor transposed = features.t().contiguous().t();
                assertThat(transposed.is_contiguous()).isFalse();
                double[] actual = PerSample.doubles(
                        head.step(new HeadBatch(transposed, labels)).weights());
                for (int i = 0; i < B; i++) {
                    // The product may add up in another order.
                    assertThat(actual[i]).isCloseTo(expected[i], org.assertj.core.api.Assertions.within(1e-6));
                }
                Tensor every = torch.stack(new org.bytedeco.pytorch.TensorVector(labels, labels), 1)
                        .narrow(1, 0, 1)
                        .squeeze(1);
                assertThat(every.is_contiguous()).isFalse();
                assertThatThrownBy(() -> head.step(new HeadBatch(features, every)))
                        .isInstanceOf(InvalidArgumentException.class)
                        .hasMessageContaining("labels")
                        .hasMessageContaining("contiguous");
            }
        }
    }

    @Test
    void aComparisonBatchIsCheckedAndItsNanSampleLeftOut() {
        Tensor spoilt = features.clone();
        spoilt.narrow(0, 2, 1).fill_(new Scalar(Float.NaN));
        Tensor kept = torch.cat(new org.bytedeco.pytorch.TensorVector(spoilt.narrow(0, 0, 2), spoilt.narrow(0, 3, 3)));
        Tensor keptLabels =
                torch.cat(new org.bytedeco.pytorch.TensorVector(labels.narrow(0, 0, 2), labels.narrow(0, 3, 3)));
        HeadBatch[] other = {new HeadBatch(spoilt, labels)};
        try (MimicHead head = MimicHead.builder(linear)
                .direction(DirectionSource.comparison(() -> other[0]))
                .weighting(Weighting.agra())
                .build()) {
            double[] with = PerSample.doubles(head.step(batch()).scores());
            other[0] = new HeadBatch(kept, keptLabels);
            double[] without = PerSample.doubles(head.step(batch()).scores());
            for (int i = 0; i < B; i++) {
                assertThat(with[i]).isCloseTo(without[i], org.assertj.core.api.Assertions.within(1e-6));
            }
            other[0] = new HeadBatch(torch.randn(2, D + 1), labels.narrow(0, 0, 2));
            assertThatThrownBy(() -> head.step(batch()))
                    .hasMessage("comparison features has the shape [2, 5], expected [B, 4]");
            other[0] = new HeadBatch(features, labels.narrow(0, 0, 2));
            assertThatThrownBy(() -> head.step(batch()))
                    .hasMessage("comparison labels has the shape [2], expected [6]");
        }
    }

    @Test
    void aFailedStepLeavesTheTableAsItWas() {
        List<Integer> counts = new java.util.ArrayList<>();
        try (ScoreTable table = new ScoreTable(2 * B, (e, s, ids, score, w, loss, n) -> counts.add(n));
                MimicHead head = MimicHead.builder(linear)
                        .reference(reference)
                        .weighting(Weighting.normedProj(1))
                        .table(table)
                        .build()) {
            head.step(batch());
            Tensor wrong = Tensors.of(new long[] {0, 1, 2, 0, 1, C}, B);
            assertThatThrownBy(() -> head.step(new HeadBatch(features, wrong))).hasMessageContaining("labels[5] = 3");
            Tensor nan = torch.full(new long[] {B, D}, new Scalar(Float.NaN));
            assertThatThrownBy(() -> head.step(new HeadBatch(nan, labels))).isInstanceOf(NonFiniteException.class);
            Tensor large = torch.randn(3 * B, D);
            Tensor many = labels.repeat(3);
            assertThatThrownBy(() -> head.step(new HeadBatch(large, many)))
                    .hasMessage("a batch of 18 samples does not fit into a score table of 12");
            head.step(batch());
            table.drain();
            assertThat(counts).containsExactly(B, B);
        }
    }

    @Test
    void anEmptyBatchHasNoNumbersAndNoGradient() {
        features = torch.randn(0, D);
        features.set_requires_grad(true);
        try (MimicHead head = head(Weighting.normedProj(1))) {
            HeadStep step = head.step(new HeadBatch(features, Tensors.of(new long[0], 0)));
            assertThat(step.weights().numel()).isZero();
            assertThat(step.meanLoss()).isZero();
            step.backward();
            assertThat(PerSample.doubles(linear.weight().grad())).containsOnly(0);
        }
    }

    @Test
    void featuresWithoutAGradientGetNone() {
        Tensor input = torch.randn(B, D);
        Tensor layer = torch.randn(D, D);
        layer.set_requires_grad(true);
        try (MimicHead head = head(Weighting.normedProj(1))) {
            head.step(new HeadBatch(torch.mm(input, layer).detach(), labels)).backward();
            assertThat(layer.grad().defined()).isFalse();
            head.step(new HeadBatch(torch.mm(input, layer), labels)).backward();
            assertThat(layer.grad().isfinite().all().item_bool()).isTrue();
        }
    }

    @Test
    void closedObjectsThrow() {
        Direction direction = Direction.toward(List.of(reference), List.of(linear.weight()));
        direction.close();
        assertThatThrownBy(direction::refresh).hasMessage("this direction is closed");
        HeadScorer scorer = HeadScorer.builder(linear.weight())
                .bias(linear.bias())
                .reference(reference)
                .build();
        scorer.close();
        try (HeadScores found = HeadScores.builder(B).build()) {
            assertThatThrownBy(() -> scorer.score(features, labels, found)).hasMessage("this scorer is closed");
        }
        ScoreTable table = new ScoreTable(B, (e, s, ids, score, w, loss, n) -> {});
        table.close();
        assertThatThrownBy(table::drain).hasMessage("this score table is closed");
        assertThatThrownBy(() -> new ScoreTable(0, (e, s, ids, score, w, loss, n) -> {}))
                .hasMessageContaining("0");
    }
}
