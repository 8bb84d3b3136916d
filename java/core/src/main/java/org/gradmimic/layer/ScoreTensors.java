package org.gradmimic.layer;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.device.Host;
import org.jspecify.annotations.Nullable;

/**
 * {@link LayerScores} where they were computed; nobody has waited for them yet. The tensors are double, on the device of the
 * model, and belong to the scope they were made in.
 *
 * @param losses [B] ℓ_i
 * @param scores [K,B]
 * @param gradientNorms [B]; null if they weren't asked for
 * @param directionNorms [K] ‖V‖
 */
public record ScoreTensors(
        Tensor losses, Tensor scores, @Nullable Tensor gradientNorms, Tensor directionNorms) {
    /** The numbers, in one read; waits for a device. */
    public LayerScores read() {
        int rows = Math.toIntExact(losses.size(0));
        int references = Math.toIntExact(directionNorms.size(0));
        try (PointerScope scope = new PointerScope()) {
            TensorVector parts = new TensorVector(losses, directionNorms, scores.reshape(-1));
            if (gradientNorms != null) parts.push_back(gradientNorms);
            double[] all = Host.doubles(torch.cat(parts));
            int at = rows + references;
            double[][] ofEach = new double[references][];
            for (int k = 0; k < references; k++, at += rows) ofEach[k] = Arrays.copyOfRange(all, at, at + rows);
            double[] norms = gradientNorms == null ? null : Arrays.copyOfRange(all, at, at + rows);
            return new LayerScores(
                    Arrays.copyOf(all, rows), ofEach, norms, Arrays.copyOfRange(all, rows, rows + references));
        }
    }
}
