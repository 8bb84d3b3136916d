package org.gradmimic.bench;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A Grad-Mimic step the way the paper's authors take it: autograd once a sample, every g_i [C,D] formed, its inner product
 * with V taken, then the weighted sum of all g_i. Each sample is sent forward alone, which LibTorch does faster than a
 * gradient of one sample's loss out of a batch's graph.
 */
final class PerSampleSteps implements AutoCloseable {
    private static final double TEMPERATURE = 0.5;

    private final PointerScope scope = new PointerScope();
    private final Tensor features;
    private final Tensor labels;
    private final Tensor reference;
    private final LinearImpl linear;
    private final Optimizer optimizer;

    PerSampleSteps(int batch, int width, int classes) {
        torch.manual_seed(1);
        features = torch.randn(batch, width);
        labels = torch.randint(classes, new long[] {batch}, new TensorOptions(ScalarType.Long));
        reference = Heads.reference(classes, width);
        linear = new LinearImpl(width, classes);
        optimizer = Heads.optimizer(linear.weight(), linear.bias());
    }

    void step() {
        int rows = (int) features.size(0);
        try (PointerScope step = new PointerScope()) {
            TensorVector parameters = new TensorVector(linear.weight(), linear.bias());
            Tensor direction;
            double norm;
            try (NoGradGuard guard = new NoGradGuard()) {
                direction = reference.sub(linear.weight());
                norm = direction.norm().item_double();
            }
            Tensor[] gradients = new Tensor[rows];
            double[] scores = new double[rows];
            Tensor biasGradient = torch.zeros_like(linear.bias().detach());
            for (int i = 0; i < rows; i++) {
                Tensor loss = torch.cross_entropy(linear.forward(features.narrow(0, i, 1)), labels.narrow(0, i, 1));
                TensorVector gradient = torch.grad(new TensorVector(loss), parameters);
                gradients[i] = gradient.get(0);
                biasGradient.add_(gradient.get(1), new Scalar(1.0f / rows));
                scores[i] = -gradients[i].mul(direction).sum().item_double() / norm;
            }
            double[] weights = softmax(scores);
            Tensor sum = torch.zeros_like(direction);
            for (int i = 0; i < rows; i++) sum.add_(gradients[i], new Scalar((float) weights[i]));
            linear.weight().mutable_grad().put(sum);
            linear.bias().mutable_grad().put(biasGradient);
            optimizer.step();
        }
    }

    private static double[] softmax(double[] scores) {
        double[] weights = new double[scores.length];
        double max = Double.NEGATIVE_INFINITY;
        for (double score : scores) max = Math.max(max, score / TEMPERATURE);
        double sum = 0;
        for (int i = 0; i < scores.length; i++) sum += weights[i] = Math.exp(scores[i] / TEMPERATURE - max);
        for (int i = 0; i < scores.length; i++) weights[i] /= sum;
        return weights;
    }

    @Override
    public void close() {
        scope.close();
    }
}
