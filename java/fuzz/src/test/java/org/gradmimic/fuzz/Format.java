package org.gradmimic.fuzz;

import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A kind of input and its reader.
 *
 * @param name names it on the command line and in reports
 * @param file name of the mutated file in its folder
 * @param seeds what is mutated
 * @param repair makes lengths and checksums right again, so that mutations reach what lies behind their checks
 * @param reader reads the whole mutated file
 */
record Format(String name, String file, List<byte[]> seeds, UnaryOperator<byte[]> repair, Reader reader) {
    /** Reads a file to its end. */
    @FunctionalInterface
    interface Reader {
        void read(Path file) throws Exception;
    }

    Format(String name, String file, List<byte[]> seeds, Reader reader) {
        this(name, file, seeds, UnaryOperator.identity(), reader);
    }

    @Override
    public String toString() {
        return name;
    }
}
