package org.gradmimic.model;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.InterpolateFuncOptions;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.kBicubic;
import org.jspecify.annotations.Nullable;

/**
 * The position embeddings of a vision transformer: one for the class token, then one for each patch of an image, row by
 * row. The last two dimensions of the tensor are positions and features.
 *
 * @param name of the parameter
 * @param row patches in a row, and rows of patches
 * @param patchSize pixels of a patch's sides
 */
public record PositionGrid(String name, int row, int patchSize) {
    /**
     * The grid of a stored tensor that differs from the model's only in its size.
     *
     * @return null if the tensor has the model's shape, or is no such grid
     */
    @Nullable
    PositionGrid of(long[] stored, long[] expected) {
        if (stored.length != expected.length) return null;
        int positions = stored.length - 2;
        for (int d = 0; d < stored.length; d++) {
            if (d != positions && stored[d] != expected[d]) return null;
        }
        long side = Math.round(Math.sqrt((double) stored[positions] - 1));
        if (side < 1
                || side == row
                || side > ModelConfig.Limit.SIDE.largest()
                || side * side + 1 != stored[positions]) {
            return null;
        }
        return new PositionGrid(name, (int) side, patchSize);
    }

    /** "images of 224x224 pixels (14x14 patches of 16)". */
    @Override
    public String toString() {
        long pixels = (long) row * patchSize;
        return "images of " + pixels + "x" + pixels + " pixels (" + row + "x" + row + " patches of " + patchSize + ")";
    }

    /**
     * The embeddings for a grid of another size, as timm's {@code resample_abs_pos_embed} computes them: that of the
     * class token is kept, those of the patches are interpolated bicubically with antialiasing.
     *
     * @param stored embeddings of this grid
     * @return float; belongs to the caller's scope
     */
    Tensor resampled(Tensor stored, PositionGrid target) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            Tensor all = stored.to(ScalarType.Float);
            long width = all.size(-1);
            Tensor rows = all.reshape(-1, width);
            Tensor grid = rows.narrow(0, 1, (long) row * row)
                    .reshape(1, row, row, width)
                    .permute(0, 3, 1, 2);
            InterpolateFuncOptions options = new InterpolateFuncOptions();
            options.size().put(new LongVector(target.row, target.row));
            options.mode().put(new kBicubic());
            options.align_corners().put(new BoolOptional(false));
            options.antialias().put(true);
            Tensor patches =
                    torch.interpolate(grid, options).permute(0, 2, 3, 1).reshape((long) target.row * target.row, width);
            Tensor whole = torch.cat(new TensorVector(rows.narrow(0, 0, 1), patches), 0);
            result.put(all.dim() == 3 ? whole.unsqueeze(0) : whole);
        }
        return result;
    }
}
