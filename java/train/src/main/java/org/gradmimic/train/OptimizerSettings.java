package org.gradmimic.train;

import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.TensorVector;
import org.gradmimic.base.InvalidArgumentException;

/**
 * LibTorch's own optimisers; Grad-Mimic leaves them untouched.
 *
 * @param kind which
 * @param learningRate positive
 * @param weightDecay decoupled for AdamW, added to the gradient for SGD
 * @param momentum of SGD
 */
public record OptimizerSettings(Kind kind, double learningRate, double weightDecay, double momentum) {
    /** The optimisers. */
    public enum Kind {
        ADAMW("adamw"),
        SGD("sgd");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    public OptimizerSettings {
        requireNonNegative("the learning rate", learningRate);
        requireNonNegative("the weight decay", weightDecay);
        requireNonNegative("the momentum", momentum);
    }

    private static void requireNonNegative(String what, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new InvalidArgumentException(what + " is " + value + "; it must be finite and not negative");
        }
    }

    Optimizer create(TensorVector parameters) {
        switch (kind) {
            case ADAMW -> {
                AdamWOptions options = new AdamWOptions(learningRate);
                options.weight_decay().put(weightDecay);
                return new AdamW(parameters, options);
            }
            case SGD -> {
                SGDOptions options = new SGDOptions(learningRate);
                options.weight_decay().put(weightDecay);
                options.momentum().put(momentum);
                return new SGD(parameters, options);
            }
        }
        throw new AssertionError(kind);
    }
}
