package org.gradmimic.io.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NpyStreamTest {
    @TempDir
    Path folder;

    /** A block is 2^18 bytes: 2^15 longs. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 32_767, 32_768, 32_769, 100_000})
    void writtenValuesAreReadBack(int count) {
        Path file = folder.resolve("a.npy");
        try (NpyStream out = NpyStream.create(file, NpyType.INT64, count)) {
            for (int i = 0; i < count; i++) {
                out.next().putLong(3L * i - 7);
            }
            out.commit();
        }
        try (NpyFile in = NpyFile.open(file)) {
            long[] values = in.requireShape(count).readLongs();
            for (int i = 0; i < count; i++) {
                assertThat(values[i]).isEqualTo(3L * i - 7);
            }
        }
    }

    @Test
    void aPairIsTwoNumbersInOneElement() {
        Path file = folder.resolve("a.npy");
        try (NpyStream out = NpyStream.create(file, NpyType.UINT64_PAIR, 2)) {
            out.next().putLong(1).putLong(-1);
            out.next().putLong(Long.MIN_VALUE).putLong(2);
            out.commit();
        }
        try (NpyFile in = NpyFile.open(file)) {
            assertThat(in.type()).isEqualTo(NpyType.UINT64_PAIR);
            assertThat(in.rows()).isEqualTo(2);
            var bytes = in.rows(1, 2);
            assertThat(bytes.getLong()).isEqualTo(Long.MIN_VALUE);
            assertThat(bytes.getLong()).isEqualTo(2);
            assertThatThrownBy(in::readLongs)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("has dtype u8,u8; expected integers");
        }
    }

    @Test
    void anotherStructureIsRefusedByItsFields() throws IOException {
        Path file = folder.resolve("a.npy");
        for (String fields : new String[] {
            "[('a', '<u8'), ('b', '<u8')]",
            "[('f0', '>u8'), ('f1', '>u8')]",
            "[('f0', '<u8'), ('f1', '<u8', (2,))]",
            "[('f0', '<i8'), ('f1', '<u8')]"
        }) {
            byte[] header = NpyHeader.format(NpyType.UINT64_PAIR, new long[] {0});
            String text =
                    new String(header, StandardCharsets.ISO_8859_1).replace("[('f0', '<u8'), ('f1', '<u8')]", fields);
            // Spaces at the end make up for a longer or shorter list.
            int difference = text.length() - header.length;
            text = difference > 0
                    ? text.replace(" ".repeat(difference) + "\n", "\n")
                    : text.replace("\n", " ".repeat(-difference) + "\n");
            Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
            assertThatThrownBy(() -> NpyFile.open(file))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(file + ": has the structured dtype")
                    .hasMessageContaining("expected [('f0', '<u8'), ('f1', '<u8')]");
        }
    }

    @Test
    void tooFewAndTooManyElementsAreRefusedAndLeaveNothing() throws IOException {
        Path file = folder.resolve("a.npy");
        try (NpyStream out = NpyStream.create(file, NpyType.BOOL, 2)) {
            out.next().put((byte) 1);
            assertThatThrownBy(out::commit)
                    .isInstanceOf(InvalidStateException.class)
                    .hasMessageContaining("1 of 2 elements");
        }
        try (NpyStream out = NpyStream.create(file, NpyType.BOOL, 1)) {
            out.next().put((byte) 1);
            assertThatThrownBy(out::next).isInstanceOf(InvalidStateException.class);
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }
}
