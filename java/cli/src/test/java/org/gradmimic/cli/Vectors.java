package org.gradmimic.cli;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import org.gradmimic.io.npy.NpyFile;

/** The reference numbers, computed in torch with one gradient a sample. */
final class Vectors {
    private Vectors() {}

    static Path path(String name) {
        URL url = Vectors.class.getResource("/vectors/" + name);
        if (url == null) throw new IllegalArgumentException("there is no vector " + name);
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    static float[] floats(Path path) {
        try (NpyFile file = NpyFile.open(path)) {
            return file.readFloats();
        }
    }

    /** Float64 vectors keep their precision. */
    static double[] doubles(Path path) {
        try (NpyFile file = NpyFile.open(path)) {
            double[] values = new double[(int) file.elements()];
            var buffer = file.rows(0, file.rows());
            boolean wide = file.type().bytes() == 8;
            for (int i = 0; i < values.length; i++) values[i] = wide ? buffer.getDouble() : buffer.getFloat();
            return values;
        }
    }
}
