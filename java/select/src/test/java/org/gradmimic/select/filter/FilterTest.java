package org.gradmimic.select.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FilterTest {
    static Filter random(long seed, int samples) {
        Random random = new Random(seed);
        boolean[] keep = new boolean[samples];
        for (int i = 0; i < samples; i++) {
            keep[i] = random.nextBoolean();
        }
        return Filter.of(keep);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 63, 64, 65, 127, 128, 1000})
    void agreesWithArraysOfBooleans(int samples) {
        Filter a = random(samples, samples);
        Filter b = random(samples + 1, samples);
        boolean[] x = a.toBooleans();
        boolean[] y = b.toBooleans();
        List<Long> kept = new ArrayList<>();
        a.forEachKept(kept::add);
        int count = 0;
        int both = 0;
        for (int i = 0; i < samples; i++) {
            assertThat(a.keeps(i)).isEqualTo(x[i]);
            assertThat(a.and(b).keeps(i)).isEqualTo(x[i] && y[i]);
            assertThat(a.or(b).keeps(i)).isEqualTo(x[i] || y[i]);
            assertThat(a.minus(b).keeps(i)).isEqualTo(x[i] && !y[i]);
            assertThat(a.not().keeps(i)).isEqualTo(!x[i]);
            both += x[i] && y[i] ? 1 : 0;
            if (x[i]) {
                assertThat(kept.get(count)).isEqualTo(i);
                count++;
            }
        }
        assertThat(kept).hasSize(count);
        assertThat(a.samples()).isEqualTo(samples);
        assertThat(a.kept()).isEqualTo(count);
        assertThat(a.not().kept()).isEqualTo(samples - count);
        assertThat(a.keptByBoth(b)).isEqualTo(both).isEqualTo(a.and(b).kept());
        assertThat(a.keptShare()).isEqualTo(samples == 0 ? 0 : (double) count / samples);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 64, 100})
    void theOperationsObeyTheLawsOfSets(int samples) {
        Filter a = random(1, samples);
        Filter b = random(2, samples);
        assertThat(a.not().not()).isEqualTo(a).hasSameHashCodeAs(a);
        assertThat(a.and(b).not()).isEqualTo(a.not().or(b.not()));
        assertThat(a.minus(b)).isEqualTo(a.and(b.not()));
        assertThat(a.or(a.not())).isEqualTo(Filter.all(samples));
        assertThat(a.and(a.not())).isEqualTo(Filter.none(samples));
    }

    @Test
    void theBuilderSetsInAnyOrderAndAppends() {
        Random random = new Random(5);
        BitSet twin = new BitSet();
        Filter.Builder set = Filter.builder(500);
        Filter.Builder added = Filter.builder(0);
        for (int i = 0; i < 2000; i++) {
            int sample = random.nextInt(500);
            boolean keep = random.nextBoolean();
            set.set(sample, keep);
            twin.set(sample, keep);
            assertThat(set.keeps(sample)).isEqualTo(keep);
        }
        for (int i = 0; i < 500; i++) {
            added.add(twin.get(i));
        }
        assertThat(set.build()).isEqualTo(added.build());
        assertThat(added.samples()).isEqualTo(500);
        Filter before = set.build();
        boolean was = before.keeps(7);
        set.set(7, !was);
        assertThat(before.keeps(7)).as("a filter that was built stays as it is").isEqualTo(was);
    }

    @Test
    void billionsOfSamplesAreFine() {
        long samples = 5_000_000_000L;
        Filter filter = Filter.builder(samples).set(samples - 1, true).build();
        assertThat(filter.keeps(samples - 1)).isTrue();
        assertThat(filter.kept()).isEqualTo(1);
        filter.forEachKept(sample -> assertThat(sample).isEqualTo(samples - 1));
        assertThatThrownBy(filter::toBooleans).isInstanceOf(InvalidStateException.class);
    }

    @Test
    void refusesWhatDoesNotFit() {
        Filter two = Filter.none(2);
        assertThatThrownBy(() -> two.keeps(2)).isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> two.keeps(-1)).isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> Filter.builder(2).set(2, false)).isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> two.and(Filter.none(3)))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageContaining("2 samples")
                .hasMessageContaining("3");
        assertThatThrownBy(() -> Filter.builder(-1)).isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> Filter.builder(Long.MAX_VALUE)).isInstanceOf(InvalidArgumentException.class);
    }
}
