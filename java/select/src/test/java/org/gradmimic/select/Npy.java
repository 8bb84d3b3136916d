package org.gradmimic.select;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the few kinds of .npy that the reference vectors are: version 1.0, {@code <f4}, {@code <f8} or {@code |b1}, 1-D or 2-D. */
public final class Npy {

    private static final Pattern HEADER = Pattern.compile(
            "\\{'descr': '(.*?)', 'fortran_order': (True|False), 'shape': \\((\\d+),(?: (\\d+))?\\), \\}\\s*");

    private final String type;
    private final boolean fortran;
    private final int rows;
    private final int columns;
    private final ByteBuffer data;

    private Npy(byte[] bytes) {
        data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int headerLength = data.getShort(8);
        Matcher header = HEADER.matcher(new String(bytes, 10, headerLength, StandardCharsets.US_ASCII));
        if (!header.matches()) {
            throw new AssertionError("unexpected header " + header);
        }
        type = header.group(1);
        fortran = header.group(2).equals("True");
        boolean matrix = header.group(4) != null;
        rows = matrix ? Integer.parseInt(header.group(3)) : 1;
        columns = Integer.parseInt(header.group(matrix ? 4 : 3));
        data.position(10 + headerLength);
    }

    public static Npy resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(Npy.class.getResourceAsStream(name), name)) {
            return new Npy(in.readAllBytes());
        }
    }

    public float[][] floats() {
        requireType("<f4");
        float[][] values = new float[rows][columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                values[i][j] = data.getFloat(data.position() + 4 * index(i, j));
            }
        }
        return values;
    }

    public double[][] doubles() {
        requireType("<f8");
        double[][] values = new double[rows][columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                values[i][j] = data.getDouble(data.position() + 8 * index(i, j));
            }
        }
        return values;
    }

    public boolean[][] booleans() {
        requireType("|b1");
        boolean[][] values = new boolean[rows][columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                values[i][j] = data.get(data.position() + index(i, j)) != 0;
            }
        }
        return values;
    }

    private int index(int row, int column) {
        return fortran ? column * rows + row : row * columns + column;
    }

    private void requireType(String expected) {
        if (!type.equals(expected)) {
            throw new AssertionError("type " + type + ", expected " + expected);
        }
    }
}
