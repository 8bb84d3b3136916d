package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code score} reads where it scores a head over features; required options are checked by the command. */
final class FeatureScoreOptions {
    @Option(names = "--features", paramLabel = "F.npy", description = "Features [N,D], float.")
    @Nullable
    Path features;

    @Option(names = "--weight", paramLabel = "W.npy", description = "The head's weight [C,D].")
    @Nullable
    Path weight;

    @Option(names = "--bias", paramLabel = "b.npy", description = "The head's bias [C].")
    @Nullable
    Path bias;

    @Option(names = "--reference-weight", paramLabel = "R.npy", description = "The reference head's weight [C,D].")
    @Nullable
    Path reference;

    Stream<Path> inputs() {
        return Stream.of(features, weight, bias, reference).filter(Objects::nonNull);
    }
}
