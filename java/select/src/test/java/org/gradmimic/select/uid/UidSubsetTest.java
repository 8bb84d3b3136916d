package org.gradmimic.select.uid;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UidSubsetTest {
    /** If the file were mapped, the system would end the JVM. */
    @Test
    void aFileThatIsTruncatedLaterDoesNoHarm(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("subset.npy");
        try (UidSorter sorter = new UidSorter(file)) {
            for (long i = 0; i < 1000; i++) sorter.add(i, 2 * i);
            sorter.write();
        }
        UidSubset subset = UidSubset.open(file);
        Files.write(file, new byte[0]);
        assertThat(subset.size()).isEqualTo(1000);
        for (long i = 0; i < 1000; i++) {
            assertThat(subset.high((int) i)).isEqualTo(i);
            assertThat(subset.contains(i, 2 * i)).isTrue();
            assertThat(subset.contains(i, 2 * i + 1)).isFalse();
        }
    }
}
