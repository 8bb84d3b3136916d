package org.gradmimic.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryCacheTest {
    @TempDir
    Path folder;

    @BeforeEach
    void requireAnOwner() {
        assumeThat(Path.of("/proc/self")).exists();
    }

    @Test
    void aFolderThatOthersCanWriteIsRefused() throws IOException {
        Path cache = Files.createDirectories(folder.resolve("parent/cache"));
        assertThat(LibraryCache.problem(cache)).isNull();
        open(cache);
        assertThat(LibraryCache.problem(cache)).isEqualTo("every user can write to " + cache + " (rwxrwxrwx)");
    }

    @Test
    void aFolderThatOthersCanReplaceIsRefused() throws IOException {
        Path cache = Files.createDirectories(folder.resolve("parent/cache"));
        open(cache.getParent());
        assertThat(LibraryCache.problem(cache)).startsWith("every user can write to " + cache.getParent());
    }

    @Test
    void aFolderInTheSystemsFolderForTemporaryFilesIsSafeIfItIsOnesOwn() {
        assertThat(LibraryCache.problem(folder)).isNull();
    }

    /** JavaCPP compares size and time alone; DoctorCommandTest shows the replacement. */
    @Test
    void anotherContentOfTheSameSizeIsNotTheSame() throws IOException {
        Path one = Files.writeString(folder.resolve("one.so"), "content 1");
        Path other = Files.writeString(folder.resolve("other.so"), "content 2");
        assertThat(LibraryCache.same(one.toUri().toURL(), one)).isTrue();
        assertThat(LibraryCache.same(one.toUri().toURL(), other)).isFalse();
    }

    private static void open(Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
    }
}
