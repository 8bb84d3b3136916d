package org.gradmimic.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.Weighting;
import org.gradmimic.select.InputException;

/** Checks that more than one command makes of its options. */
public final class Arguments {
    private Arguments() {}

    /** Refuses numbers that no score could use, whichever was asked for. */
    static void check(double temperature, double lambda) {
        try {
            new Weighting(Weighting.Kind.UNIFORM, temperature, lambda, false);
        } catch (IllegalArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    /** Refuses an output that is one of the inputs: it would be lost. */
    public static void requireOther(Path out, Path... inputs) {
        for (Path input : inputs) {
            try {
                if (Files.exists(out) && Files.exists(input) && Files.isSameFile(out, input)) {
                    throw new InputException(out + " is an input, too; give the output another name");
                }
            } catch (IOException e) {
                throw new InputException("cannot look at " + out + " and " + input + ": " + e.getMessage(), e);
            }
        }
    }
}
