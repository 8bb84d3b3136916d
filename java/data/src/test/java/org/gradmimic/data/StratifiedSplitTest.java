package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;

class StratifiedSplitTest {
    @Test
    void everyClassHasItsShare() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            int classes = 1 + random.nextInt(12);
            long[] labels = random.longs(random.nextInt(400), 0, classes).toArray();
            int percent = random.nextInt(101);
            boolean[] first = StratifiedSplit.first(labels, classes, percent / 100.0, seed);
            int[] size = new int[classes];
            int[] in = new int[classes];
            int all = 0;
            for (int i = 0; i < labels.length; i++) {
                size[(int) labels[i]]++;
                if (!first[i]) continue;
                in[(int) labels[i]]++;
                all++;
            }
            assertThat(all).as("seed %d", seed).isEqualTo(labels.length * percent / 100);
            for (int c = 0; c < classes; c++) {
                int floor = size[c] * percent / 100;
                assertThat(in[c]).as("seed %d, class %d", seed, c).isBetween(floor, floor + 1);
            }
            assertThat(StratifiedSplit.first(labels, classes, percent / 100.0, seed))
                    .isEqualTo(first);
        }
    }

    @Test
    void otherSeedsGiveOtherParts() {
        long[] labels = new long[100];
        assertThat(StratifiedSplit.first(labels, 1, 0.5, 1)).isNotEqualTo(StratifiedSplit.first(labels, 1, 0.5, 2));
    }

    @Test
    void impossibleArgumentsAreRefused() {
        assertThatThrownBy(() -> StratifiedSplit.first(new long[1], 1, 1.1, 0))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("a share of 1.1");
        assertThatThrownBy(() -> StratifiedSplit.first(new long[] {2}, 2, 0.5, 0))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("label of sample 0 is 2");
    }
}
