package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.base.InvalidStateException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Objects for one thread that two use at once, where no callback can stop one of them inside; MisuseCasesTest has the others. */
@Timeout(120)
class TwoThreadsTest {
    private static final int ROWS = 20_000;
    private static final int WIDTH = 64;
    private static final int CLASSES = 10;

    @Test
    void aScorerInTwoThreads() {
        try (PointerScope scope = new PointerScope();
                HeadScorer scorer = HeadScorer.builder(torch.randn(CLASSES, WIDTH))
                        .reference(torch.randn(CLASSES, WIDTH))
                        .build();
                HeadScores first = HeadScores.builder(ROWS).build();
                HeadScores second = HeadScores.builder(ROWS).build()) {
            Tensor features = torch.randn(ROWS, WIDTH);
            Tensor labels = Tensors.of(new long[ROWS], ROWS);
            assertRefused(
                    "this scorer",
                    () -> scorer.score(features, labels, first),
                    () -> scorer.score(features, labels, second));
            // Nothing is broken: the two alone agree.
            scorer.score(features, labels, first);
            scorer.score(features, labels, second);
            assertThat(first.scores()).containsExactly(second.scores());
        }
    }

    @Test
    void aScorerClosedWhileItScores() {
        try (PointerScope scope = new PointerScope();
                HeadScores found = HeadScores.builder(ROWS).build()) {
            Tensor weight = torch.randn(CLASSES, WIDTH);
            Tensor features = torch.randn(ROWS, WIDTH);
            Tensor labels = Tensors.of(new long[ROWS], ROWS);
            Supplier<HeadScorer> made = () -> HeadScorer.builder(weight)
                    .reference(features.narrow(0, 0, CLASSES))
                    .build();
            AtomicReference<HeadScorer> scorer = new AtomicReference<>(made.get());
            try {
                assertRefused("this scorer", () -> scorer.get().score(features, labels, found), () -> {
                    scorer.get().close();
                    scorer.set(made.get()); // it was between two calls
                });
            } finally {
                scorer.get().close();
            }
        }
    }

    @Test
    void aDirectionInTwoThreads() {
        try (PointerScope scope = new PointerScope();
                Direction direction = Direction.toward(List.of(torch.randn(1 << 20)), List.of(torch.randn(1 << 20)))) {
            assertRefused("this direction", direction::refresh, direction::refresh);
            direction.refresh();
            double norm = direction.normSquared();
            direction.refresh();
            assertThat(direction.normSquared()).isEqualTo(norm).isPositive();
        }
    }

    /** One thread does the same again and again, and this one disturbs it until it is refused. */
    private static void assertRefused(String what, Runnable busy, Runnable misuse) {
        AtomicBoolean stop = new AtomicBoolean();
        CompletableFuture<Void> worker = CompletableFuture.runAsync(() -> {
            while (!stop.get()) {
                try {
                    busy.run();
                } catch (InvalidStateException e) {
                    // This time the other thread was first.
                }
            }
        });
        try {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (true) {
                try {
                    misuse.run();
                    assertThat(System.nanoTime()).as("refused in time").isLessThan(end);
                } catch (InvalidStateException e) {
                    assertThat(e).hasMessageStartingWith(what + " cannot be used or closed now: ");
                    return;
                }
            }
        } finally {
            stop.set(true);
            worker.join();
        }
    }
}
