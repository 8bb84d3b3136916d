package org.gradmimic.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitMixTest {
    /** The first numbers of the authors' splitmix64.c for the state 1234567. */
    @Test
    void givesTheNumbersOfTheReference() {
        SplitMix random = new SplitMix(1234567);
        assertThat(LongStream.generate(random::nextLong).limit(5))
                .containsExactly(
                        6457827717110365317L,
                        3203168211198807973L,
                        -8629252141511181193L,
                        4593380528125082431L,
                        -2037821214251327795L);
    }

    /** Orders that results were published with were drawn by the JDK's generator, whose contract leaves it free to change. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 10, 64, 50_000, 1 << 30, (1 << 30) + 1, Integer.MAX_VALUE})
    void nextIndexGivesTheNumbersOfJdk17(int bound) {
        SplitMix ours = new SplitMix(99);
        SplittableRandom theirs = new SplittableRandom(99);
        for (int i = 0; i < 10_000; i++) assertThat(ours.nextIndex(bound)).isEqualTo(theirs.nextInt(bound));
    }

    @Test
    void nextBooleanGivesTheValuesOfJdk17() {
        SplitMix ours = new SplitMix(-3);
        SplittableRandom theirs = new SplittableRandom(-3);
        for (int i = 0; i < 10_000; i++) assertThat(ours.nextBoolean()).isEqualTo(theirs.nextBoolean());
    }

    /** Numbers that must never change. */
    @Test
    void ordersAreThoseOfEarlierVersions() {
        assertThat(new SplitMix(7).permutation(10)).containsExactly(ORDER);
        int[] numbers = IntStream.range(0, 10).toArray();
        new SplitMix(7).shuffle(numbers);
        assertThat(IntStream.of(numbers).asLongStream().toArray()).containsExactly(ORDER);
        assertThat(new SplitMix(7).permutation(0)).isEmpty();
    }

    private static final long[] ORDER = {1, 5, 0, 4, 2, 8, 7, 3, 9, 6};

    @Test
    void boundedNumbersStayInBoundsAndReachAll() {
        SplitMix random = SplitMix.of(1, 2, 3);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++) counts[random.nextInt(7)]++;
        // Ten standard deviations of a binomial count of mean 10,000.
        for (int count : counts) assertThat(count).isBetween(9_080, 10_920);
    }
}
