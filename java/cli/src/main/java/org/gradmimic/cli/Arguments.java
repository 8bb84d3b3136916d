package org.gradmimic.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.ParquetFolder;
import org.gradmimic.model.PixelNormalisation;

/** Checks of options that several commands make. */
public final class Arguments {
    private Arguments() {}

    /** Rejects numbers that no score could use, whichever score was requested. */
    static void check(double temperature, double lambda) {
        try {
            new Weighting(Weighting.Kind.UNIFORM, temperature, lambda, false);
        } catch (InvalidArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    /** The normalisation that --mean and --std describe. Rejects numbers that are not usable for it. */
    static PixelNormalisation normalisation(List<Double> mean, List<Double> std) {
        try {
            return new PixelNormalisation(mean, std);
        } catch (InvalidArgumentException e) {
            throw new InputException("--" + e.getMessage(), e);
        }
    }

    /** Rejects an output that is one of the inputs, which would be lost, or that would become part of an input. */
    public static void requireOther(Path out, Path... inputs) {
        for (Path input : inputs) {
            if (isSame(out, input)) {
                throw new InputException(out + " is also an input; give the output another name");
            }
            Path folder = out.toAbsolutePath().getParent();
            if (folder != null && ParquetFolder.isData(out) && isSame(folder, input)) {
                throw new InputException(
                        out + " would become part of the input " + input + "; put the output elsewhere");
            }
        }
    }

    private static boolean isSame(Path out, Path given) {
        Path input = InputFiles.onDisk(given);
        try {
            return Files.exists(out) && Files.exists(input) && Files.isSameFile(out, input);
        } catch (IOException e) {
            throw new InputException("cannot look at " + out + " and " + input + ": " + e.getMessage(), e);
        }
    }

    /** Rejects two outputs with the same name, because the second would replace the first. */
    public static void requireDifferent(List<Path> outputs) {
        Set<Path> seen = new HashSet<>();
        for (Path out : outputs) {
            if (!seen.add(out.toAbsolutePath().normalize())) {
                throw new InputException(out + " is named for two outputs; give each a separate name");
            }
        }
    }
}
