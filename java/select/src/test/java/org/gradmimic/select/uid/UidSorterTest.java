package org.gradmimic.select.uid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.npy.NpyStream;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.select.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sorting and searching uids, against sorted lists of big integers. */
class UidSorterTest {
    @TempDir
    Path folder;

    private enum Kind {
        /** As hashes are. */
        UNIFORM,
        /** Few values, so many duplicates. */
        FEW,
        /** The high half says nothing. */
        LOW_HALF,
        /** Long common beginnings, a few far away. */
        SKEWED;

        BigInteger draw(Random random) {
            return switch (this) {
                case UNIFORM -> new BigInteger(128, random);
                case FEW -> BigInteger.valueOf(random.nextInt(5)).multiply(BigInteger.ONE.shiftLeft(125));
                case LOW_HALF -> BigInteger.valueOf(7).shiftLeft(64).add(new BigInteger(64, random));
                case SKEWED -> new BigInteger(random.nextInt(10) == 0 ? 128 : 20, random);
            };
        }
    }

    private static String text(BigInteger value) {
        return String.format("%032x", value);
    }

    private static List<String> read(Uids uids) {
        List<String> read = new ArrayList<>();
        uids.forEach((i, high, low) -> {
            assertThat(i).isEqualTo(read.size());
            read.add(Uid.format(high, low));
        });
        assertThat(uids.size()).isEqualTo(read.size());
        return read;
    }

    @ParameterizedTest
    @CsvSource({
        "0, 4",
        "1, 4",
        "2, 4",
        "4, 4",
        "5, 4",
        "8, 4",
        "9, 4",
        "1000, 64",
        "1000, 1",
        "20000, 7000",
        "5000, 100000"
    })
    void sortsAsBigIntegersSort(int count, int runLength) throws IOException {
        for (Kind kind : Kind.values()) {
            Random random = new Random(count * 31L + runLength);
            List<BigInteger> values =
                    Stream.generate(() -> kind.draw(random)).limit(count).toList();
            Path file = folder.resolve(kind + ".npy");
            try (UidSorter sorter = new UidSorter(file, runLength)) {
                for (BigInteger value : values) {
                    sorter.add(Uid.high(text(value)), Uid.low(text(value)));
                }
                assertThat(sorter.size()).isEqualTo(count);
                sorter.write();
            }
            List<String> expected =
                    values.stream().sorted().map(UidSorterTest::text).toList();
            UidSubset subset = UidSubset.open(file);
            assertThat(read(subset)).as("%s", kind).isEqualTo(expected);
            assertThat(read(Uids.open(file))).isEqualTo(expected);
            for (int i = 0; i < 200; i++) {
                String probe = text(i < values.size() ? values.get(i) : kind.draw(random));
                long times = expected.stream().filter(probe::equals).count();
                assertThat(subset.count(Uid.high(probe), Uid.low(probe))).isEqualTo(times);
                assertThat(subset.contains(Uid.high(probe), Uid.low(probe))).isEqualTo(times > 0);
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).as("nothing is left beside the targets").hasSize(Kind.values().length);
        }
    }

    @Test
    void writesWhatNumpyWrites() throws IOException {
        Path file = folder.resolve("all.npy");
        try (UidSorter sorter = new UidSorter(file, 50)) {
            Uids.open(Fixtures.datacomp("unsorted.npy")).forEach((i, high, low) -> sorter.add(high, low));
            sorter.write();
        }
        assertThat(file).hasSameBinaryContentAs(Fixtures.datacomp("all.npy"));
    }

    @Test
    void withoutWriteNothingIsLeft() throws IOException {
        try (UidSorter sorter = new UidSorter(folder.resolve("a.npy"), 2)) {
            for (int i = 0; i < 9; i++) {
                sorter.add(i, i);
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aSubsetThatIsNotSortedIsRefusedByRow() {
        Path file = Fixtures.datacomp("unsorted.npy");
        assertThatThrownBy(() -> UidSubset.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("not sorted")
                .hasMessageContaining("row ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"BOOL", "UINT64", "FLOAT64"})
    void anotherTypeIsRefused(NpyType type) {
        Path file = folder.resolve("a.npy");
        try (NpyStream out = NpyStream.create(file, type, 2)) {
            for (int i = 0; i < 2; i++) {
                out.next().put(new byte[type.bytes()]);
            }
            out.commit();
        }
        assertThatThrownBy(() -> UidSubset.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has dtype " + type.code() + "; expected uids, dtype u8,u8");
    }

    @Test
    void uidsAreUnsigned() {
        String[] ascending = {
            "00000000000000000000000000000000",
            "0000000000000000ffffffffffffffff",
            "7fffffffffffffff0000000000000000",
            "80000000000000000000000000000000",
            "ffffffffffffffffffffffffffffffff"
        };
        for (int i = 0; i < ascending.length; i++) {
            for (int j = 0; j < ascending.length; j++) {
                int order = Uid.compare(
                        Uid.high(ascending[i]), Uid.low(ascending[i]), Uid.high(ascending[j]), Uid.low(ascending[j]));
                assertThat(Integer.signum(order)).isEqualTo(Integer.compare(i, j));
            }
            assertThat(Uid.format(Uid.high(ascending[i]), Uid.low(ascending[i])))
                    .isEqualTo(ascending[i]);
        }
        assertThat(Uid.isUid("ABCDEFabcdef00000000000000000000")).isTrue();
        assertThat(Uid.isUid("g0000000000000000000000000000000")).isFalse();
        assertThat(Uid.isUid("0000000000000000000000000000000")).isFalse();
        assertThat(Uid.isUid("0x000000000000000000000000000000")).isFalse();
    }
}
