package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.tar.TarReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A pipe that nobody writes to would be waited for; a device may have no end. */
class InputFilesTest {
    @TempDir
    Path folder;

    private interface Opening {
        void open(Path path) throws IOException;
    }

    private static Arguments of(String name, Opening opening) {
        return Arguments.of(name, opening);
    }

    static Stream<Arguments> readers() {
        return Stream.of(
                of("open", path -> InputFiles.open(path).close()),
                of("channel", path -> InputFiles.channel(path).close()),
                of("npy", path -> NpyFile.open(path).close()),
                of("tar", path -> new TarReader(path).close()),
                of("parquet", ParquetReader::open),
                of("parquet folder", ParquetReader::openAll),
                of("lines", path -> TextLines.forEach(path, (number, text) -> {})),
                of("first line", TextLines::first));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("readers")
    void pipesAndDevicesAreRefused(String name, Opening opening) {
        Path pipe = folder.resolve("pipe.parquet");
        Tool.run(folder, "mkfifo", pipe.toString());
        for (Path path : new Path[] {pipe, Path.of("/dev/zero")}) {
            assumeTrue(Files.exists(path), path + " is not there");
            assertTimeoutPreemptively(
                    Duration.ofSeconds(30),
                    () -> assertThatThrownBy(() -> opening.open(path))
                            .isInstanceOf(InputException.class)
                            .hasMessage(path + ": is a pipe, a device or a socket; expected a regular file"));
        }
    }

    @Test
    void aLinkToAFileIsAFile() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "text");
        Path link = Files.createSymbolicLink(folder.resolve("b"), file);
        assertThat(InputFiles.open(link).readAllBytes()).asString().isEqualTo("text");
    }
}
