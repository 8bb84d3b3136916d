package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void replacesWhatWasThereAndLeavesNoOtherFile() throws IOException {
        Path target = folder.resolve("a.bin");
        Files.writeString(target, "old");
        AtomicFile.write(target, "new content".getBytes());
        assertThat(target).hasContent("new content");
        assertThat(names()).containsExactly("a.bin");
    }

    @Test
    void isReadableByWhomAnyNewFileIs() throws IOException {
        Path plain = Files.createFile(folder.resolve("plain"));
        Path target = folder.resolve("a.bin");
        AtomicFile.write(target, new byte[1]);
        assertThat(Files.getPosixFilePermissions(target)).isEqualTo(Files.getPosixFilePermissions(plain));
    }

    @Test
    void withoutCommitTheOldFileStays() throws IOException {
        Path target = folder.resolve("a.bin");
        Files.writeString(target, "old");
        try (AtomicFile file = AtomicFile.create(target)) {
            file.writeAt(ByteBuffer.wrap(new byte[100]), 0);
            assertThat(target).hasContent("old");
        }
        assertThat(target).hasContent("old");
        assertThat(names()).containsExactly("a.bin");
    }

    @Test
    void namesAMissingFolder() {
        Path target = folder.resolve("no/a.bin");
        assertThatThrownBy(() -> AtomicFile.write(target, new byte[1]))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(target.toString())
                .hasMessageContaining("no folder");
    }

    @Test
    void refusesAFolderAsTarget() {
        assertThatThrownBy(() -> AtomicFile.write(folder, new byte[1]))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is a folder");
    }

    @Test
    void aFailingDiskIsReportedWithTheFile() throws IOException {
        Path target = folder.resolve("a.bin");
        Files.writeString(target, "old");
        try (AtomicFile file = AtomicFile.create(target)) {
            file.channel().close();
            assertThatThrownBy(() -> file.writeAt(ByteBuffer.wrap(new byte[1]), 0))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("cannot write " + target);
            assertThatThrownBy(file::commit).isInstanceOf(InputException.class);
        }
        assertThat(target).hasContent("old");
        assertThat(names()).containsExactly("a.bin");
    }

    @Test
    void twoWritersOfOneProcessUseDifferentTemporaryFiles() throws IOException {
        Path target = folder.resolve("a.bin");
        try (AtomicFile first = AtomicFile.create(target);
                AtomicFile second = AtomicFile.create(target)) {
            first.writeAt(ByteBuffer.wrap("first".getBytes()), 0);
            second.writeAt(ByteBuffer.wrap("second".getBytes()), 0);
            first.commit();
            assertThat(target).hasContent("first");
            second.commit();
        }
        assertThat(target).hasContent("second");
        assertThat(names()).containsExactly("a.bin");
    }

    @Test
    void takesTheLongestNames() throws IOException {
        Path target = folder.resolve("ä".repeat(127));
        AtomicFile.write(target, "content".getBytes());
        assertThat(target).hasContent("content");
        assertThat(names()).hasSize(1);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(path -> path.getFileName().toString()).toList();
        }
    }
}
