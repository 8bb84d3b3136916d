package org.gradmimic.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.io.npy.NpyWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpyTensorsTest {
    /** If the file were mapped, the system would end the JVM. */
    @Test
    void aFileThatIsTruncatedLaterDoesNoHarm(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("features.npy");
        float[] values = new float[3000 * 7];
        for (int i = 0; i < values.length; i++) values[i] = i;
        NpyWriter.write(file, values, 3000, 7);
        try (PointerScope scope = new PointerScope()) {
            Tensor tensor = NpyTensors.floats(file);
            Files.write(file, new byte[0]);
            assertThat(Tensors.sizes(tensor)).containsExactly(3000, 7);
            assertThat(Tensors.floats(tensor)).containsExactly(values);
        }
    }
}
