package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.internal.DeviceArray;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.layer.Losses;
import org.gradmimic.layer.MimicStep;
import org.gradmimic.layer.MimicSteps;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.RecordingLayers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ways to misuse the API, as a table: each ends in a typed exception that says what is wrong, and leaves nothing open. */
class MisuseCasesTest {
    private static final int B = 6;
    private static final int C = 3;
    private static final int D = 4;

    /** What a case works with. */
    private static final class Fixture {
        final LinearImpl linear = new LinearImpl(D, C);
        final Tensor reference = torch.randn(C, D);
        final Tensor features = torch.randn(B, D);
        final Tensor labels = Tensors.of(new long[] {0, 1, 2, 0, 1, 2}, B);

        MimicHead.Builder head(Tensor weight) {
            return MimicHead.builder(weight).reference(reference).weighting(Weighting.normedProj(1));
        }

        MimicHead head() {
            return head(linear.weight()).build();
        }

        HeadScorer scorer() {
            return HeadScorer.builder(linear.weight().detach())
                    .reference(reference)
                    .build();
        }

        Tensor meta(ScalarType type, long... shape) {
            TensorOptions options = new TensorOptions(type)
                    .device(new org.bytedeco.pytorch.DeviceOptional(new org.bytedeco.pytorch.Device(DeviceType.Meta)));
            return torch.empty(shape, options, new org.bytedeco.pytorch.MemoryFormatOptional());
        }

        Tensor freed() {
            Tensor tensor = torch.randn(B, D);
            tensor.close();
            return tensor;
        }

        void steps(Tensor weight, ScoreTable.Sink sink, StepsUse use) {
            try (Parameters parameters = Parameters.of(Map.of("fc.weight", weight));
                    Parameters references = Parameters.of(Map.of("fc.weight", reference));
                    ScoreTable table = new ScoreTable(B, sink);
                    RecordingLayers layers = RecordingLayers.builder(parameters)
                            .mimic("fc.weight")
                            .reference(references)
                            .build();
                    MimicSteps steps = MimicSteps.builder(layers)
                            .weighting(Weighting.normedProj(1))
                            .table(table)
                            .build()) {
                use.with(layers, steps);
            }
        }

        Tensor losses(RecordingLayers layers) {
            return Losses.crossEntropy(layers.linear("fc", features), labels);
        }
    }

    private interface StepsUse {
        void with(RecordingLayers layers, MimicSteps steps);
    }

    private interface Misuse {
        void run(Fixture f);
    }

    private record Case(String name, Class<? extends Exception> type, String message, Misuse misuse) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Case argument(String name, String message, Misuse misuse) {
        return new Case(name, InvalidArgumentException.class, message, misuse);
    }

    private static Case state(String name, String message, Misuse misuse) {
        return new Case(name, InvalidStateException.class, message, misuse);
    }

    private static final ScoreTable.Sink NOWHERE = (e, s, ids, score, weight, loss, n) -> {};

    /** Runs in another thread while this one waits inside a call. */
    private static void elsewhere(Runnable misuse) {
        try {
            CompletableFuture.runAsync(misuse).join();
        } catch (CompletionException e) {
            throw (RuntimeException) e.getCause();
        }
    }

    /** A head during whose steps the misuse runs. */
    private static void duringAStep(Fixture f, java.util.function.Consumer<MimicHead> misuse, boolean otherThread) {
        MimicHead[] head = new MimicHead[1];
        try (MimicHead made = MimicHead.builder(f.linear)
                .direction(DirectionSource.comparison(() -> {
                    if (otherThread) elsewhere(() -> misuse.accept(head[0]));
                    else misuse.accept(head[0]);
                    return new HeadBatch(f.features, f.labels);
                }))
                .weighting(Weighting.agra())
                .build()) {
            head[0] = made;
            made.step(new HeadBatch(f.features, f.labels));
        }
    }

    private static void duringADrain(Fixture f, java.util.function.Consumer<ScoreTable> misuse) {
        ScoreTable[] table = new ScoreTable[1];
        try (ScoreTable made =
                new ScoreTable(B, (e, s, ids, score, weight, loss, n) -> elsewhere(() -> misuse.accept(table[0])))) {
            table[0] = made;
            Tensor scores = torch.randn(B);
            made.append(f.labels, scores, scores, scores);
            made.drain();
        }
    }

    /** The second step drains the table, and the misuse runs in its sink. */
    private static void duringASecondStep(Fixture f, StepsUse misuse) {
        Object[] used = new Object[2];
        f.steps(
                f.linear.weight(),
                (e, s, ids, score, weight, loss, n) ->
                        elsewhere(() -> misuse.with((RecordingLayers) used[0], (MimicSteps) used[1])),
                (layers, steps) -> {
                    used[0] = layers;
                    used[1] = steps;
                    steps.step(f.losses(layers));
                    steps.step(f.losses(layers));
                });
    }

    static Stream<Case> cases() {
        return Stream.concat(Stream.concat(heads(), steps()), others());
    }

    private static Stream<Case> heads() {
        return Stream.of(
                argument(
                        "head without classes",
                        "weight has the shape [0, 4]; a head has at least one",
                        f -> f.head(torch.randn(0, D).set_requires_grad(true)).build()),
                argument(
                        "head without features",
                        "weight has the shape [3, 0]; a head has at least one",
                        f -> f.head(torch.randn(C, 0).set_requires_grad(true)).build()),
                argument(
                        "head whose weight is not trained",
                        "weight does not require a gradient",
                        f -> f.head(torch.randn(C, D)).build()),
                argument(
                        "head whose weight is no leaf",
                        "weight is not a leaf",
                        f -> f.head(f.linear.weight().mul(f.linear.weight())).build()),
                argument(
                        "head on meta",
                        "weight is on the device meta",
                        f -> f.head(f.meta(ScalarType.Float, C, D)).build()),
                argument(
                        "head of a freed weight",
                        "weight was freed",
                        f -> f.head(f.freed()).build()),
                argument(
                        "head of an undefined weight",
                        "weight is undefined",
                        f -> f.head(new Tensor()).build()),
                argument(
                        "head with a reference on meta",
                        "the reference weight is on the device meta",
                        f -> MimicHead.builder(f.linear)
                                .reference(f.meta(ScalarType.Float, C, D))
                                .weighting(Weighting.proj())
                                .build()),
                argument("freed features", "features was freed", f -> {
                    try (MimicHead head = f.head()) {
                        head.step(new HeadBatch(f.freed(), f.labels));
                    }
                }),
                argument("features on meta", "features is on the device meta", f -> {
                    try (MimicHead head = f.head()) {
                        head.step(new HeadBatch(f.meta(ScalarType.Float, B, D), f.labels));
                    }
                }),
                argument("labels on meta", "labels is on the device meta", f -> {
                    try (MimicHead head = f.head()) {
                        head.step(new HeadBatch(f.features, f.meta(ScalarType.Long, B)));
                    }
                }),
                argument("freed labels", "labels was freed", f -> {
                    try (MimicHead head = f.head()) {
                        head.step(new HeadBatch(f.features, f.freed()));
                    }
                }),
                state(
                        "a head's step in two threads",
                        "this head cannot be used or closed now: the thread ",
                        f -> duringAStep(f, head -> head.step(new HeadBatch(f.features, f.labels)), true)),
                state(
                        "a head's step within a step",
                        "this head cannot be used or closed now: a call of this thread has not ended",
                        f -> duringAStep(f, head -> head.step(new HeadBatch(f.features, f.labels)), false)),
                state(
                        "a head closed while it steps",
                        "this head cannot be used or closed now: the thread ",
                        f -> duringAStep(f, MimicHead::close, true)),
                state("a step of a closed head", "this head is closed", f -> {
                    MimicHead head = f.head();
                    head.close();
                    head.step(new HeadBatch(f.features, f.labels));
                }));
    }

    private static Stream<Case> steps() {
        return Stream.of(
                argument(
                        "mimic layer that is not trained",
                        "parameter fc.weight does not require a gradient",
                        f -> f.steps(torch.randn(C, D), NOWHERE, (layers, steps) -> {})),
                argument(
                        "mimic layer that is no leaf",
                        "parameter fc.weight is not a leaf",
                        f -> f.steps(f.linear.weight().mul(f.linear.weight()), NOWHERE, (layers, steps) -> {})),
                argument(
                        "mimic layer on meta",
                        "parameter fc.weight is on the device meta",
                        f -> f.steps(f.meta(ScalarType.Float, C, D), NOWHERE, (layers, steps) -> {})),
                argument(
                        "mimic layer without elements",
                        "fc.weight has no elements",
                        f -> f.steps(torch.randn(0, D).set_requires_grad(true), NOWHERE, (layers, steps) -> {})),
                argument(
                        "freed losses",
                        "losses was freed",
                        f -> f.steps(f.linear.weight(), NOWHERE, (layers, steps) -> steps.step(f.freed()))),
                state(
                        "steps in two threads",
                        "these steps cannot be used or closed now: the thread ",
                        f -> duringASecondStep(f, (layers, steps) -> steps.step(f.labels))),
                state(
                        "steps closed while they step",
                        "these steps cannot be used or closed now: the thread ",
                        f -> duringASecondStep(f, (layers, steps) -> steps.close())),
                state(
                        "layers closed during a step",
                        "these recording layers cannot be used or closed now: the thread ",
                        f -> duringASecondStep(f, (layers, steps) -> layers.close())),
                state(
                        "layers called during a step",
                        "these recording layers cannot be used or closed now: the thread ",
                        f -> duringASecondStep(f, (layers, steps) -> f.losses(layers))),
                state(
                        "an ended step",
                        "this step has ended",
                        f -> f.steps(f.linear.weight(), NOWHERE, (layers, steps) -> {
                            MimicStep first = steps.step(f.losses(layers));
                            steps.step(f.losses(layers));
                            first.backward();
                        })));
    }

    private static Stream<Case> others() {
        return Stream.of(
                argument(
                        "scorer without classes",
                        "weight has the shape [0, 4]",
                        f -> HeadScorer.builder(torch.randn(0, D))
                                .reference(torch.randn(0, D))
                                .build()),
                argument(
                        "scorer on meta",
                        "weight is on the device meta",
                        f -> HeadScorer.builder(f.meta(ScalarType.Float, C, D))
                                .reference(f.reference)
                                .build()),
                argument("scorer of freed rows", "features was freed", f -> {
                    try (HeadScorer scorer = f.scorer();
                            HeadScores found = HeadScores.builder(B).build()) {
                        scorer.score(f.freed(), f.labels, found);
                    }
                }),
                argument("more rows than there is memory for", "a block of 6 rows does not fit", f -> {
                    try (HeadScorer scorer = f.scorer();
                            HeadScores found = HeadScores.builder(B - 1).build()) {
                        scorer.score(f.features, f.labels, found);
                    }
                }),
                state("norms that were not asked for", "no gradient norms were asked for", f -> {
                    try (HeadScores found = HeadScores.builder(B).build()) {
                        found.gradientNorms();
                    }
                }),
                argument("weighting without a temperature", "temperature", f -> Weighting.normedProj(Double.NaN)),
                argument("weighting with a negative lambda", "lambda", f -> Weighting.opt(-1)),
                argument("score table without room", "capacity 0", f -> new ScoreTable(0, NOWHERE)),
                argument("a batch of several lengths", "weights has the shape [5], expected [6]", f -> {
                    try (ScoreTable table = new ScoreTable(B, NOWHERE)) {
                        Tensor scores = torch.randn(B);
                        table.append(f.labels, scores, torch.randn(B - 1), scores);
                    }
                }),
                state(
                        "a table closed while it drains",
                        "this score table cannot be used or closed now: the thread ",
                        f -> duringADrain(f, ScoreTable::close)),
                state(
                        "a table drained while it drains",
                        "this score table cannot be used or closed now: the thread ",
                        f -> duringADrain(f, ScoreTable::drain)),
                argument(
                        "direction toward nothing",
                        "reference 0 was freed",
                        f -> Direction.toward(List.of(f.freed()), List.of(f.linear.weight()))),
                argument(
                        "direction on meta",
                        "parameter 0 is on the device meta",
                        f -> Direction.toward(List.of(f.reference), List.of(f.meta(ScalarType.Float, C, D)))),
                state("a closed device array", "this device array is closed", f -> {
                    DeviceArray<?> array = DeviceArray.floats(Device.CPU, 3);
                    array.close();
                    array.get(0);
                }));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void isATypedError(Case misused) {
        long open = OpenResources.count();
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(1);
            Fixture f = new Fixture();
            assertThatThrownBy(() -> misused.misuse().run(f))
                    .isInstanceOf(misused.type())
                    .hasMessageContaining(misused.message());
        }
        assertThat(OpenResources.count()).as("what is left open").isEqualTo(open);
    }

    /** Everything a step was given is freed between the step and its backward pass. */
    @Test
    void aStepHasHandlesOfItsOwn() {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(1);
            Fixture f = new Fixture();
            Tensor below = torch.randn(D, D).set_requires_grad(true);
            double[][] gradients = new double[2][];
            for (int k = 0; k < 2; k++) {
                try (MimicHead head = f.head()) {
                    Tensor h = torch.mm(f.features, below);
                    Tensor labels = f.labels.clone();
                    Tensor ids = f.labels.clone();
                    HeadStep step = head.step(h, labels, ids);
                    if (k == 1) {
                        h.close();
                        labels.close();
                        ids.close();
                        // Memory that was freed by mistake is soon in other hands.
                        for (int i = 0; i < 50; i++) torch.randn(B, D);
                    }
                    assertThat(step.nonFiniteIds()).isEmpty();
                    step.backward();
                    gradients[k] = PerSample.doubles(below.grad());
                    below.grad().zero_();
                }
            }
            assertThat(gradients[1]).isEqualTo(gradients[0]);
        }
    }
}
