package org.gradmimic.model;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageSize;

/** Opens models by what their files contain, whatever they are called. */
public final class FeatureModels {
    private FeatureModels() {}

    /**
     * Opens a TorchScript file or a {@link Backbone}'s own.
     *
     * @param size for TorchScript, which doesn't tell what size its images must have
     * @param normalisation for TorchScript, which doesn't tell that either
     * @throws InputException if the file is missing, damaged or neither
     */
    public static FeatureModel open(Path file, ImageSize size, PixelNormalisation normalisation) {
        if (!Files.isRegularFile(file)) throw InputException.in(file, "there is no such file");
        return isZip(file) ? TorchScriptBackbone.load(file, size, normalisation) : Backbone.load(file);
    }

    /** TorchScript files are zip archives. */
    private static boolean isZip(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return Weights.isZip(channel);
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + e.getMessage(), e);
        }
    }
}
