package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScoreTableTest {
    private static void append(ScoreTable table, long id) {
        table.append(
                Tensors.of(new long[] {id, id + 1}, 2),
                Tensors.of(new double[] {1, 2}, 2),
                Tensors.of(new float[] {3, 4}, 2),
                Tensors.of(new double[] {5, 6}, 2));
    }

    @Test
    void aSinkThatThrowsGetsNothingTwice() {
        List<Long> delivered = new ArrayList<>();
        List<Long> steps = new ArrayList<>();
        boolean[] full = {false};
        try (ScoreTable table = new ScoreTable(8, (epoch, step, ids, score, weight, loss, count) -> {
            if (full[0] && ids[0] == 20) throw new IllegalStateException("no room");
            for (int i = 0; i < count; i++) delivered.add(ids[i]);
            steps.add(step);
        })) {
            append(table, 10);
            append(table, 20);
            append(table, 30);
            full[0] = true;
            assertThatThrownBy(table::drain).hasMessage("no room");
            assertThat(delivered).containsExactly(10L, 11L);
            assertThatThrownBy(table::drain).hasMessage("no room");
            assertThat(delivered).containsExactly(10L, 11L);
            // Goes on: what is waiting, and what comes after it.
            full[0] = false;
            append(table, 40);
            append(table, 50);
            table.drain();
            assertThat(delivered).containsExactly(10L, 11L, 20L, 21L, 30L, 31L, 40L, 41L, 50L, 51L);
            assertThat(steps).containsExactly(0L, 1L, 2L, 3L, 4L);
            table.drain();
            assertThat(delivered).hasSize(10);
        }
    }
}
