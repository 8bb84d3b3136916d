package org.gradmimic;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The slow, obvious twin of the head: one autograd pass per sample, in double precision. */
final class PerSample {
    /** [B][C·D] */
    final double[][] weightGradient;

    final double[][] biasGradient;
    final double[][] featureGradient;
    final double[] loss;

    PerSample(Tensor features, Tensor labels, Tensor weight, Tensor bias) {
        int rows = (int) features.size(0);
        weightGradient = new double[rows][];
        biasGradient = new double[rows][];
        featureGradient = new double[rows][];
        loss = new double[rows];
        for (int i = 0; i < rows; i++) {
            Tensor h = leaf(features.narrow(0, i, 1));
            Tensor w = leaf(weight);
            Tensor b = leaf(bias);
            Tensor l = torch.cross_entropy(torch.addmm(b, h, w.t()), labels.narrow(0, i, 1));
            l.backward();
            loss[i] = l.item_double();
            weightGradient[i] = doubles(w.grad());
            biasGradient[i] = doubles(b.grad());
            featureGradient[i] = doubles(h.grad());
        }
    }

    private static Tensor leaf(Tensor tensor) {
        Tensor copy = tensor.detach().to(ScalarType.Double).clone();
        copy.set_requires_grad(true);
        return copy;
    }

    static double[] doubles(Tensor tensor) {
        Tensor flat = tensor.detach().to(ScalarType.Double).contiguous();
        double[] values = new double[(int) flat.numel()];
        if (values.length > 0) flat.data_ptr_double().get(values);
        return values;
    }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) sum += a[i] * b[i];
        return sum;
    }

    /** Σ scale_i rows_i. */
    static double[] combine(double[][] rows, double[] scale) {
        double[] sum = new double[rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < sum.length; j++) sum[j] += scale[i] * rows[i][j];
        }
        return sum;
    }
}
