package org.gradmimic.demo;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.train.NpyTensors;
import org.gradmimic.train.ProbeCheckpoint;
import org.jspecify.annotations.Nullable;

/**
 * The files that an unfinished demo keeps in its folder to continue after its last finished stage, each whole or
 * absent.
 */
final class DemoState {
    private static final String CLEAN = ".features_clean.npy";
    private static final String NOISY = ".features_noisy.npy";
    private static final String TEST = ".features_test.npy";

    private static final List<DemoStage> HEADS = List.of(DemoStage.REFERENCE, DemoStage.PLAIN, DemoStage.MIMIC);

    private final Path folder;

    DemoState(Path folder) {
        this.folder = folder;
    }

    /** Features of the three parts, each [n,D]. */
    record Features(Tensor clean, Tensor noisy, Tensor test) {}

    /** The features, if all of them were stored. */
    @Nullable
    Features features() {
        for (String name : new String[] {CLEAN, NOISY, TEST}) {
            if (!Files.exists(folder.resolve(name))) return null;
        }
        return new Features(
                NpyTensors.floats(folder.resolve(CLEAN)),
                NpyTensors.floats(folder.resolve(NOISY)),
                NpyTensors.floats(folder.resolve(TEST)));
    }

    void keep(Features features) {
        write(CLEAN, features.clean());
        write(NOISY, features.noisy());
        write(TEST, features.test());
    }

    private void write(String name, Tensor features) {
        try (NpyWriter writer = NpyWriter.create(folder.resolve(name), features.size(0), features.size(1))) {
            FloatBuffer values =
                    features.data_ptr_float().capacity(features.numel()).asBuffer();
            writer.put(0, values);
            writer.commit();
        }
    }

    /** The progress of the training of a head. */
    ProbeCheckpoint head(DemoStage stage) {
        return new ProbeCheckpoint(folder.resolve(file(stage)));
    }

    private static String file(DemoStage stage) {
        return "." + stage.name().toLowerCase(Locale.ROOT) + ".checkpoint";
    }

    /** Names of all these files. */
    static List<String> files() {
        return Stream.concat(Stream.of(CLEAN, NOISY, TEST), HEADS.stream().map(DemoState::file))
                .toList();
    }

    /** Removes all of these files. */
    void delete() {
        for (String name : files()) {
            Path file = folder.resolve(name);
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw new InputException("cannot delete " + file + ": " + AtomicFile.reason(e), e);
            }
        }
    }
}
